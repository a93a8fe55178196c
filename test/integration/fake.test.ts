import { dirname } from "node:path";
import { startFakeRuntime } from "crikit/testing";
import { fakeAbilities, fakeBehaviour } from "./scenario/behaviour.js";
import { isHostCommand, runOnHost } from "./scenario/host-commands.js";
import { runScenarios } from "./scenario/scenarios.js";

/** What the registry of the scenarios holds, by the end of the name. */
const contents: Record<string, string> = {
  "demo/busybox:1": "busybox",
  "demo/other:1": "another image",
  "demo/other:2": "another image",
};

runScenarios(
  async () => {
    const fake = await startFakeRuntime({
      registry: (ref) => contents[ref.replace(/^[^/]*\//, "").replace(/@.*/, ":1")],
    });
    fake.onRun(isHostCommand, runOnHost);
    fake.onExec(isHostCommand, runOnHost);
    return { ...fake, directory: dirname(fake.logRoot) };
  },
  () => fakeBehaviour,
  fakeAbilities,
);
