import { type CriClient, CriError, connect, DeadlineError, type OwnedPod, UnsupportedError } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { holdClock } from "../../support/held-clock.js";

const second = 1_000_000_000n;

let fake: FakeRuntime;
let cri: CriClient;
beforeEach(async () => {
  fake = await startFakeRuntime({ images: ["app:test"] });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
});
afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

async function runOne(name = "web", labels: Record<string, string> = {}) {
  const pod = await cri.pods.run({ metadata: { name }, labels });
  const container = await pod.runContainer({
    metadata: { name: "main" },
    image: { image: "app:test" },
    labels,
  });
  return { pod, container };
}

/** The runtime tells these readings of processor time, one after the other, and then the last again. */
function tellCpu(readings: readonly { at: bigint; used: bigint; nanoCores?: bigint }[]) {
  let told = 0;
  fake.onCall("containerStats", ({ containerId }) => {
    const { at, used, nanoCores } = readings[Math.min(told, readings.length - 1)] ?? { at: 0n, used: 0n };
    told += 1;
    return {
      stats: {
        attributes: { id: containerId },
        cpu: {
          timestamp: at,
          usageCoreNanoSeconds: { value: used },
          ...(nanoCores !== undefined && { usageNanoCores: { value: nanoCores } }),
        },
      },
    };
  });
}

const window = { windowMs: 1 };

describe("container.stats()", () => {
  test("tells what there is, in numbers, dates and bytes", async () => {
    const { container } = await runOne();
    const stats = await container.stats();
    expect(stats).toMatchObject({ id: container.id, metadata: { name: "main", attempt: 0 } });
    expect(stats.cpu?.measuredAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(stats.cpu).toMatchObject({ cores: 0.01, percent: 1, windowMs: undefined });
    expect(stats.memory).toMatchObject({ workingSetBytes: 1024 * 1024, limitBytes: undefined });
    expect(stats.filesystem).toMatchObject({ usedBytes: 0, mountpoint: "/fake" });
    expect(JSON.parse(JSON.stringify(stats)).memory.workingSetBytes).toBe(1024 * 1024);
  });

  test("measures the use of the processor over a window", async () => {
    const { container } = await runOne();
    tellCpu([
      { at: 10n * second, used: 4n * second },
      { at: 12n * second, used: 5n * second },
    ]);
    expect((await container.stats(window)).cpu).toMatchObject({
      cores: 0.5,
      percent: 50,
      windowMs: 2000,
      usedSeconds: 5,
    });
  });

  test.each([
    ["a container that was started again", 12n, 1n],
    ["a runtime that tells the same from its cache", 10n, 4n],
    ["a clock that went back", 9n, 5n],
  ])("does not know the use of %s, but as the runtime says", async (_what, at, used) => {
    const { container } = await runOne();
    const readings = [
      { at: 10n * second, used: 4n * second },
      { at: at * second, used: used * second },
    ];
    tellCpu(readings);
    const { cpu } = await container.stats(window);
    expect(cpu).toMatchObject({ cores: undefined, percent: undefined, windowMs: undefined });
    tellCpu(readings.map((reading) => ({ ...reading, nanoCores: 250_000_000n })));
    expect((await container.stats(window)).cpu).toMatchObject({ cores: 0.25, windowMs: undefined });
  });

  test("takes containerd's zeros for what they are: not known", async () => {
    const { container } = await runOne();
    fake.onCall("containerStats", ({ containerId }) => ({
      stats: {
        attributes: { id: containerId },
        cpu: { timestamp: second, usageCoreNanoSeconds: { value: 5n }, usageNanoCores: { value: 0n } },
        memory: { timestamp: second, workingSetBytes: { value: 100n }, availableBytes: { value: 0n } },
        writableLayer: { timestamp: 0n, usedBytes: { value: 0n } },
      },
    }));
    const { cpu, memory, filesystem } = await container.stats();
    expect(cpu?.cores).toBeUndefined();
    expect(memory).toMatchObject({
      availableBytes: undefined,
      limitBytes: undefined,
      percentOfLimit: undefined,
    });
    expect(memory?.rssBytes).toBeUndefined();
    expect(filesystem).toBeUndefined();
  });

  test("tells the limit and how much of it is in use", async () => {
    const { container } = await runOne();
    fake.onCall("containerStats", ({ containerId }) => ({
      stats: {
        attributes: { id: containerId },
        memory: { timestamp: second, workingSetBytes: { value: 25n }, availableBytes: { value: 75n } },
      },
    }));
    expect((await container.stats()).memory).toMatchObject({ limitBytes: 100, percentOfLimit: 25 });
  });

  test("finds an ended container where the runtime tells of it in lists alone", async () => {
    const { container } = await runOne();
    await container.stop();
    fake.onCall("containerStats", () => {
      throw new CriError("unknown", "no running task found");
    });
    const stats = await container.stats();
    expect(stats).toMatchObject({ id: container.id, cpu: undefined, memory: undefined });
    expect(stats.filesystem).toBeDefined();
    await expect(cri.containers.get("f".repeat(64)).stats()).rejects.toMatchObject({ code: "unknown" });
  });

  test("ends with the time it was given, and with the signal", async () => {
    const { container } = await runOne();
    await expect(container.stats({ windowMs: 60_000, timeoutMs: 50 })).rejects.toBeInstanceOf(DeadlineError);
    const reason = new Error("enough");
    await expect(container.stats({ windowMs: 60_000, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    await expect(container.stats({ windowMs: -1 })).rejects.toMatchObject({ field: "windowMs" });
  });
});

describe("pod.stats()", () => {
  test("tells of the pod, its processes and its containers", async () => {
    const { pod, container } = await runOne();
    const stats = await pod.stats();
    expect(stats).toMatchObject({
      id: pod.id,
      metadata: { name: "web", namespace: "default" },
      isSummed: false,
    });
    expect(stats.processes).toBe(1);
    expect(stats.containers.map(({ id }) => id)).toEqual([container.id]);
  });

  test("sums up the containers where the runtime cannot tell of the pod", async () => {
    const { pod } = await runOne();
    await pod.runContainer({ metadata: { name: "second" }, image: { image: "app:test" } });
    fake.onCall("podSandboxStats", () => {
      throw new CriError("unknown", "cgroupPath is empty");
    });
    const stats = await pod.stats({ windowMs: 150 });
    expect(stats).toMatchObject({
      id: pod.id,
      metadata: { name: "web" },
      isSummed: true,
      network: undefined,
      processes: undefined,
    });
    expect(stats.memory?.workingSetBytes).toBe(2 * 1024 * 1024);
    expect(stats.cpu?.cores).toBeCloseTo(0.02, 5);
    expect(stats.cpu?.windowMs).toBeGreaterThan(100);
    expect(stats.containers).toHaveLength(2);
  });

  test.each(["unknown", "unavailable", "failed_precondition"] as const)(
    "says that a pod is not ready, when the runtime's own word for it is %s",
    async (code) => {
      const { pod } = await runOne();
      fake.onCall("podSandboxStats", () => {
        throw new CriError(code, "not in ready state");
      });
      await pod.stop();
      await expect(pod.stats()).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining(`Pod ${pod.id} is not ready`),
      });
      await pod.remove();
      await expect(pod.stats()).rejects.toMatchObject({ code: "not_found" });
    },
  );
});

describe("lists of stats", () => {
  test("are filtered as lists are, newest first", async () => {
    const a = await runOne("a", { app: "x" });
    const b = await runOne("b", { app: "x", tier: "front" });
    const pods = async (filter: Parameters<typeof cri.pods.stats>[0]) =>
      (await cri.pods.stats(filter)).map(({ metadata }) => metadata.name);
    expect(await pods({})).toEqual(["b", "a"]);
    expect(await pods({ name: /^a/ })).toEqual(["a"]);
    expect(await pods({ labels: { tier: true } })).toEqual(["b"]);
    const containers = async (filter: Parameters<typeof cri.containers.stats>[0]) =>
      (await cri.containers.stats(filter)).map(({ id }) => id);
    expect(await containers({})).toEqual([b.container.id, a.container.id]);
    expect(await containers({ pod: a.pod })).toEqual([a.container.id]);
    await a.container.stop();
    expect(await containers({ state: "exited", image: "app:test" })).toEqual([a.container.id]);
    await a.pod.stop();
    expect(await pods({})).toEqual(["b"]);
    // @ts-expect-error There is no such field.
    await expect(cri.pods.stats({ image: "app" })).rejects.toMatchObject({ field: "image" });
  });

  test("sum up the pods of which the runtime cannot tell, and those alone", async () => {
    const { pod } = await runOne("a");
    await runOne("b");
    fake.onCall("podSandboxStats", ({ podSandboxId }, { next }) => {
      if (podSandboxId === pod.id) throw new CriError("unknown", "cgroupPath is empty");
      return next();
    });
    for (const rpc of ["streamPodSandboxStats", "listPodSandboxStats"] as const) {
      fake.onCall(rpc, () => {
        throw new CriError("unknown", "cgroupPath is empty");
      });
    }
    const stats = await cri.pods.stats();
    expect(
      stats.map(({ metadata, isSummed, containers }) => [metadata.name, isSummed, containers.length]),
    ).toEqual([
      ["b", false, 1],
      ["a", true, 1],
    ]);
    expect((await cri.pods.stats({ id: pod.id }))[0]?.memory?.usageBytes).toBe(1024 * 1024);
  });

  test("are an error to switch on where the runtime has no stats", async () => {
    await runOne();
    for (const rpc of [
      "streamPodSandboxStats",
      "listPodSandboxStats",
      "podSandboxStats",
      "streamContainerStats",
      "listContainerStats",
    ] as const) {
      fake.onCall(rpc, () => {
        throw new UnsupportedError(`${rpc} is not served`);
      });
    }
    await expect(cri.pods.stats()).rejects.toBeInstanceOf(UnsupportedError);
    await expect(cri.stats()[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(UnsupportedError);
  });
});

describe("cri.stats()", () => {
  test("tells the use between each two samples, of those that are there", async () => {
    await runOne("a", { app: "x" });
    using clock = holdClock("Date");
    let later: OwnedPod | undefined;
    const seen: [names: string[], windows: (number | undefined)[]][] = [];
    for await (const { pods, takenAt } of cri.stats({ labels: { app: "x" } }, { intervalMs: 150 })) {
      expect(Math.abs(takenAt.getTime() - Date.now())).toBeLessThan(10_000);
      seen.push([pods.map(({ metadata }) => metadata.name), pods.map(({ cpu }) => cpu?.windowMs)]);
      for (const { cpu } of pods) expect(cpu?.cores).toBeCloseTo(0.01, 5);
      if (seen.length === 2) later = (await runOne("b", { app: "x" })).pod;
      if (seen.length === 4) await later?.stop();
      if (seen.length === 5) break;
      // Once the pause has begun.
      setImmediate(() => void clock.pass(150));
    }
    expect(seen.map(([names]) => names)).toEqual([["a"], ["a"], ["b", "a"], ["b", "a"], ["a"]]);
    const [first, second, third, fourth] = seen.map(([, windows]) => windows);
    expect(first).toEqual([undefined]);
    const interval = expect.closeTo(150, 3);
    expect(second).toEqual([interval]);
    expect(third).toEqual([undefined, interval]);
    expect(fourth).toEqual([interval, interval]);
  });

  test("asks no more once the loop is left", async () => {
    for await (const _ of cri.stats({}, { intervalMs: 1 })) break;
    const asked = fake.calls.length;
    const others = 30;
    for (let call = 0; call < others; call += 1) await cri.runtime.version({});
    expect(fake.calls.slice(asked).map(({ rpc }) => rpc)).toEqual(Array(others).fill("version"));
  });

  test("lives through a restart of the runtime", async () => {
    await runOne();
    let samples = 0;
    let restarted: Promise<void> | undefined;
    for await (const { pods } of cri.stats({}, { intervalMs: 20 })) {
      samples += 1;
      expect(pods).toHaveLength(1);
      // The loop goes on meanwhile.
      if (samples === 2) {
        restarted = fake.restart(async () => {
          await expect(cri.pods.list()).rejects.toBeInstanceOf(CriError);
        });
      }
      if (samples === 4) break;
    }
    await restarted;
  });

  test("ends with the signal's reason, at the time it was given, or with an error that stays", async () => {
    const read = async (options: Parameters<typeof cri.stats>[1], onSample?: () => void) => {
      for await (const _ of cri.stats({}, { intervalMs: 5, ...options })) onSample?.();
    };
    const controller = new AbortController();
    const reason = new Error("enough");
    await expect(read({ signal: controller.signal }, () => controller.abort(reason))).rejects.toBe(reason);
    await expect(read({ timeoutMs: 50 })).rejects.toBeInstanceOf(DeadlineError);
    const fail = () => fake.fault("streamPodSandboxes", { error: "internal" });
    await expect(read({}, fail)).rejects.toMatchObject({ code: "internal" });
    await expect(read({ intervalMs: 0 })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
