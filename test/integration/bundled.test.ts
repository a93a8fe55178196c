import { dirname } from "node:path";
import { startRuntime } from "crikit/testing";
import { crikitBehaviour } from "./scenario/behaviour.js";
import { runScenarios } from "./scenario/scenarios.js";

runScenarios(
  async () => {
    const runtime = await startRuntime();
    return { ...runtime, directory: dirname(runtime.root) };
  },
  () => crikitBehaviour,
);
