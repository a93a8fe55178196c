import { startRuntime } from "crikit/testing";
import { crikitBehaviour } from "./scenario/behaviour.js";
import { runScenarios } from "./scenario/scenarios.js";

runScenarios(() => startRuntime(), crikitBehaviour);
