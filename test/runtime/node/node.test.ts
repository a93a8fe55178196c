import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { CgroupDriver } from "../../../src/proto.js";
import { runPod } from "../support/pods.js";
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

describe("RuntimeConfig", () => {
  it("names who makes control groups on this host", async () => {
    const { linux } = await test.runtime.runtimeConfig({});
    const systemd = existsSync("/run/systemd/system");
    expect(linux?.cgroupDriver).toBe(systemd ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS);
  });
});

describe("UpdateRuntimeConfig", () => {
  const propose = (podCidr: string) =>
    test.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });

  it("takes what a kubelet proposes, and nothing", async () => {
    await propose("10.244.1.0/24, fd00:10:244::/64");
    await propose("");
    await test.runtime.updateRuntimeConfig({});
  });

  it("leaves the choice of addresses to the runtime's own configuration", async () => {
    await propose("10.244.1.0/24");
    const podSandboxId = await runPod(test);
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId });
    const [own = ""] = /^\d+\.\d+\.\d+\./.exec(String(test.config.subnet)) ?? [];
    expect(status?.network?.ip.startsWith(own)).toBe(true);
    await test.runtime.removePodSandbox({ podSandboxId });
  });

  it("refuses what is no range of addresses", async () => {
    await expect(propose("10.244.1.0/24,10.244.1.0")).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining('pod_cidr: "10.244.1.0" is no range'),
    });
  });
});
