import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { NamespaceMode } from "../../../src/proto.js";
import { removeGroup } from "../../support/remove-group.js";
import { until } from "../../support/until.js";
import { containerConfig, runPod, startContainer, startReady } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
const parents: string[] = [];

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
  for (const parent of parents.splice(0)) await removeGroup(parent);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

async function statsOf(podSandboxId: string) {
  const { stats } = await test.runtime.podSandboxStats({ podSandboxId });
  if (!stats?.linux) throw new Error("The answer has no stats");
  return { ...stats, linux: stats.linux };
}

const number = (wrapped: { value: bigint } | undefined) => Number(wrapped?.value);
const sleeping = (...scripts: string[]) =>
  containerConfig(["sh", "-c", [...scripts, "exec sleep 1000"].join("; ")]);

describe("PodSandboxStats", () => {
  it("sums up what the containers and the pause process use", async () => {
    const pod = await runPod(test, { labels: { app: "sum" } });
    const ids = [
      await startContainer(test, pod, sleeping()),
      await startContainer(test, pod, sleeping("(sleep 999 &)")),
    ];
    await until(
      "the child is there",
      async () => number((await statsOf(pod)).linux.process?.processCount) >= 4,
    );
    const { attributes, linux } = await statsOf(pod);
    expect(attributes).toMatchObject({ id: pod, metadata: { name: "demo" }, labels: { app: "sum" } });
    expect(linux.containers.map((container) => container.attributes?.id)).toEqual(ids.reverse());
    for (const read of [
      (part: Partial<typeof linux>) => part.cpu?.usageCoreNanoSeconds,
      (part: Partial<typeof linux>) => part.memory?.usageBytes,
      (part: Partial<typeof linux>) => part.memory?.workingSetBytes,
      (part: Partial<typeof linux>) => part.memory?.rssBytes,
    ]) {
      const sum = linux.containers.reduce((total, { cpu, memory }) => {
        return total + number(read({ ...(cpu && { cpu }), ...(memory && { memory }) }));
      }, 0);
      expect(number(read(linux))).toBeGreaterThan(sum);
      expect(number(read(linux)) - sum).toBeLessThan(100e6);
    }
    // catatonit, a sleep in each container, and the one in the background.
    expect(number(linux.process?.processCount)).toBe(4);
    expect(linux.memory?.availableBytes).toBeUndefined();
  });

  it("has a rate only once all that it sums up have one", async () => {
    const pod = await runPod(test);
    await startContainer(test, pod, sleeping());
    await until("there is a rate", async () => (await statsOf(pod)).linux.cpu?.usageNanoCores !== undefined);
    await startContainer(test, pod, sleeping());
    const { cpu, containers } = (await statsOf(pod)).linux;
    expect(containers.map((container) => container.cpu?.usageNanoCores !== undefined)).toEqual([false, true]);
    expect(cpu?.usageNanoCores).toBeUndefined();
  });

  it("tells what the pod's own group tells, which counts removed containers too", async () => {
    const cgroupParent = `/crikit-test-${randomBytes(4).toString("hex")}`;
    parents.push(cgroupParent);
    const pod = await runPod(test, {
      linux: {
        cgroupParent,
        securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } },
      },
    });
    const burn = ["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo ready; sleep 1000"];
    const gone = await startReady(test, pod, containerConfig(burn));
    const burnt = number((await statsOf(pod)).linux.containers[0]?.cpu?.usageCoreNanoSeconds);
    await test.runtime.removeContainer({ containerId: gone });
    await startContainer(test, pod, sleeping());
    const { cpu, memory, io, containers } = (await statsOf(pod)).linux;
    expect(containers.length).toBe(1);
    const file = (tree: string, name: string) =>
      readFile(join("/sys/fs/cgroup", tree, cgroupParent, name), "utf8");
    const now = Number(await file("cpuacct", "cpuacct.usage"));
    expect(number(cpu?.usageCoreNanoSeconds)).toBeGreaterThanOrEqual(burnt);
    expect(number(cpu?.usageCoreNanoSeconds)).toBeLessThanOrEqual(now);
    const usage = Number(await file("memory", "memory.usage_in_bytes"));
    expect(Math.abs(number(memory?.usageBytes) - usage)).toBeLessThan(4 * 1024 * 1024);
    expect(cpu?.psi?.Some).toBeDefined();
    expect(io?.psi?.Some).toBeDefined();

    // With another pod in it, the group is nobody's own: the sum is what is true.
    await runPod(test, {
      linux: { cgroupParent, securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } } },
    });
    const shared = (await statsOf(pod)).linux;
    expect(number(shared.cpu?.usageCoreNanoSeconds)).toBeLessThan(burnt);
    expect(shared.io).toBeUndefined();
  });

  it("counts the traffic of the pod's interface", async () => {
    const pod = await runPod(test);
    const before = (await statsOf(pod)).linux.network;
    expect(before?.defaultInterface?.name).toBe("eth0");
    expect(before?.interfaces).toEqual([]);
    const sent = 100_000;
    await startReady(test, pod, sleeping("echo ready", `head -c ${sent} /dev/zero | nc -l -p 8080`));
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(await receive(status?.network?.ip ?? "", 8080)).toBe(sent);
    const after = (await statsOf(pod)).linux.network;
    const delta = (key: "txBytes" | "rxBytes") => {
      return number(after?.defaultInterface?.[key]) - number(before?.defaultInterface?.[key]);
    };
    expect(delta("txBytes")).toBeGreaterThan(sent);
    expect(delta("rxBytes")).toBeGreaterThan(0);
    expect(after?.defaultInterface?.rxErrors).toEqual(before?.defaultInterface?.rxErrors);
  });

  it("tells no traffic of a pod on the node's network: it is not the pod's", async () => {
    const namespaceOptions = { network: NamespaceMode.NODE, pid: NamespaceMode.CONTAINER };
    const pod = await runPod(test, { linux: { securityContext: { namespaceOptions } } });
    const { network, cpu } = (await statsOf(pod)).linux;
    expect(network).toBeUndefined();
    expect(cpu?.usageCoreNanoSeconds).toBeDefined();
  });

  it("refuses a pod that is not ready, and does not find one that is not there", async () => {
    const pod = await runPod(test);
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await expect(statsOf(pod)).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(statsOf("f".repeat(64))).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("ListPodSandboxStats", () => {
  it("lists ready pods by ID prefix and labels, each with its own containers", async () => {
    const one = await runPod(test, { labels: { app: "a" } });
    const two = await runPod(test, { labels: { app: "a", tier: "x" } });
    const stopped = await runPod(test, { labels: { app: "a" } });
    await test.runtime.stopPodSandbox({ podSandboxId: stopped });
    const container = await startContainer(test, two, sleeping());
    const list = async (filter?: { id?: string; labelSelector?: Record<string, string> }) => {
      const { stats } = await test.runtime.listPodSandboxStats(filter ? { filter } : {});
      return stats.map(({ attributes, linux }) => [
        attributes?.id,
        linux?.containers.map((each) => each.attributes?.id),
      ]);
    };
    const [first, second] = [
      [one, []],
      [two, [container]],
    ];
    expect(await list()).toEqual([second, first]);
    expect(await list({ id: one.slice(0, 12) })).toEqual([first]);
    expect(await list({ labelSelector: { tier: "x" } })).toEqual([second]);
    expect(await list({ id: stopped })).toEqual([]);
  });
});

/** How many bytes a server sends. It may not listen yet. */
async function receive(host: string, port: number): Promise<number> {
  let bytes = 0;
  await until("the server has sent something", async () => {
    try {
      for await (const chunk of connect({ host, port })) bytes += chunk.length;
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("ECONNREFUSED"))) throw error;
    }
    return bytes > 0;
  });
  return bytes;
}
