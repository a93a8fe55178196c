import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { RuntimeService } from "../../../src/proto.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

describe("Status", () => {
  it("is ready, and has an entry for the handler of the empty name", async () => {
    const { status, runtimeHandlers, info } = await test.runtime.status({});
    const conditions = status?.conditions.map((condition) => [condition.type, condition.status]);
    expect(conditions).toEqual([
      ["RuntimeReady", true],
      ["NetworkReady", true],
    ]);
    const names = runtimeHandlers.map(({ name }) => name).sort();
    expect(names).toEqual(["", "runc"]);
    expect(info).toEqual({});
  });

  it("shows the configuration as JSON when asked for more", async () => {
    const { info } = await test.runtime.status({ verbose: true });
    const config = JSON.parse(info.config ?? "");
    expect(config.stateDir).toBe(`${test.directory}/state`);
    expect(config.rootDir).toBe(`${test.directory}/root`);
  });
});

describe("Version", () => {
  it("fills in all four fields", async () => {
    const answer = await test.runtime.version({ version: "v1" });
    expect(answer).toMatchObject({ version: "0.1.0", runtimeName: "crikit", runtimeApiVersion: "v1" });
    expect(answer.runtimeVersion).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe("an RPC that is not there yet", () => {
  it("says its name", async () => {
    await expect(test.runtime.checkpointPod({})).rejects.toMatchObject({ code: "unsupported" });
    await expect(test.runtime.checkpointPod({})).rejects.toThrow("CheckpointPod is not implemented");
    expect(RuntimeService.methods.length).toBe(37);
  });
});
