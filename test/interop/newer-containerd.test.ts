import { describe } from "vitest";
import { containerdBehaviour } from "../integration/scenario/behaviour.js";
import { runScenarios } from "../integration/scenario/scenarios.js";
import { leftOut, newerContainerdDirectory } from "../left-out.js";
import { startContainerd } from "../support/containerd.js";

describe.skipIf(leftOut.newerContainerd)("the newest containerd", () => {
  runScenarios(() => startContainerd(newerContainerdDirectory), containerdBehaviour);
});
