import { containerdBehaviour } from "../integration/scenario/behaviour.js";
import { runScenarios } from "../integration/scenario/scenarios.js";
import { startContainerd } from "../support/containerd.js";

runScenarios(startContainerd, containerdBehaviour);
