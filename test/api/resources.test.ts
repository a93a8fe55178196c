import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CriClient } from "../../src/api/client.js";
import { connect } from "../../src/api/connect.js";
import type { OwnedContainer, OwnedPod } from "../../src/index.js";
import { type FakeRuntime, startFakeRuntime } from "../../src/testing/index.js";

let fake: FakeRuntime;
let cri: CriClient;
let pod: OwnedPod;
let container: OwnedContainer;

beforeEach(async () => {
  fake = await startFakeRuntime({ images: ["app:1"] });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  pod = await cri.pods.run({ metadata: { name: "demo" } });
  container = await pod.createContainer({
    metadata: { name: "main" },
    image: { image: "app:1" },
    linux: { resources: { memoryLimitInBytes: 1024n, memorySwapLimitInBytes: 4096n, cpuShares: 100n } },
  });
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

const resources = async () => (await container.status()).resources;

describe("container.updateResources", () => {
  test("changes what is told, and the status has it all as it was told", async () => {
    const told = {
      cpuPeriodUs: 50_000,
      cpuQuotaUs: -1,
      cpuShares: 512,
      cpusetCpus: "0-1",
      cpusetMems: "0",
      memoryLimitBytes: 2048,
      memorySwapLimitBytes: -1,
      hugepageLimits: { "2MB": 4_194_304, "1GB": 0 },
      unified: { "memory.high": "1500" },
      oomScoreAdj: -5,
    };
    await container.updateResources(told);
    expect(await resources()).toEqual(told);
    await container.updateResources({ hugepageLimits: { "1GB": 1 }, unified: { "memory.low": "1" } });
    expect(await resources()).toEqual({
      ...told,
      hugepageLimits: { "2MB": 4_194_304, "1GB": 1 },
      unified: { "memory.high": "1500", "memory.low": "1" },
    });
  });

  test("leaves what is not told, but the swap of another memory limit", async () => {
    await container.updateResources({ cpuQuotaUs: 5000, memoryLimitBytes: undefined });
    expect(await resources()).toEqual({
      cpuQuotaUs: 5000,
      cpuShares: 100,
      memoryLimitBytes: 1024,
      memorySwapLimitBytes: 4096,
      oomScoreAdj: 0,
    });
    await container.updateResources({ memoryLimitBytes: 2048 });
    expect(await resources()).toMatchObject({ memoryLimitBytes: 2048 });
    expect((await resources())?.memorySwapLimitBytes).toBeUndefined();
  });

  test.each([
    [{ limits: { cpu: "500m" } }, { cpuPeriodUs: 100_000, cpuQuotaUs: 50_000 }],
    [{ limits: { cpu: 1.5, memory: "64Mi" } }, { cpuQuotaUs: 150_000, memoryLimitBytes: 67_108_864 }],
    [{ limits: { cpu: "1m" } }, { cpuQuotaUs: 1000 }],
    [{ requests: { cpu: "250m" } }, { cpuShares: 256 }],
    [{ requests: { cpu: "1m" } }, { cpuShares: 2 }],
    [{ requests: { cpu: 1000 } }, { cpuShares: 262_144 }],
    [{ limits: { memory: "1M" }, memoryLimitBytes: 7 }, { memoryLimitBytes: 7 }],
  ])("reads %j as kubelet does", async (update, limits) => {
    await container.updateResources(update);
    expect(await resources()).toMatchObject(limits);
  });

  test.each([
    ["resources.cpuQuotaUs", { cpuQuotaUs: 1.5 }],
    ["resources.memoryLimitBytes", { memoryLimitBytes: Number.NaN }],
    ['resources.hugepageLimits["2MB"]', { hugepageLimits: { "2MB": -1 } }],
    ["resources.limits.cpu", { limits: { cpu: "fast" } }],
    ["resources.limits.memory", { limits: { memory: "0" } }],
    ["resources.requests.cpu", { requests: { cpu: -1 } }],
  ])("refuses %s before the call when it cannot be right", async (field, update) => {
    const calls = fake.calls.length;
    await expect(container.updateResources(update)).rejects.toMatchObject({
      code: "invalid_argument",
      field,
    });
    expect(fake.calls.length).toBe(calls);
  });
});

test("pod.updateResources tells the runtime, in the same words", async () => {
  await pod.updateResources({ resources: { limits: { memory: "1Ki" } }, overhead: { cpuShares: 10 } });
  const { info } = (await pod.status({ verbose: true })).info;
  expect(info).toMatchObject({
    config: { linux: { resources: { memory_limit_in_bytes: 1024 }, overhead: { cpu_shares: 10 } } },
  });
});
