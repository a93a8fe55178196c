import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startRuntime } from "crikit/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { leftOut } from "../left-out.js";
import { gvisor } from "../support/gvisor.js";
import { gvisorAbilities, gvisorBehaviour } from "./scenario/behaviour.js";
import { runScenarios } from "./scenario/scenarios.js";

describe.skipIf(leftOut.runsc)("the bundled runtime with gVisor", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  runScenarios(
    async () => {
      const config = join(directory, "config.yaml");
      // JSON is YAML too.
      await writeFile(config, JSON.stringify({ handlers: { gvisor }, "default-handler": "gvisor" }));
      const runtime = await startRuntime({ config });
      return { ...runtime, directory: dirname(runtime.root) };
    },
    () => gvisorBehaviour,
    gvisorAbilities,
  );
});
