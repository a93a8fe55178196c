import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { CpuRates } from "../../../src/api/stats/cpu-rates.js";
import { sumPodStats } from "../../../src/api/stats/sum-pod-stats.js";
import { ContainerStatsSchema } from "../../../src/proto.js";

const second = 1_000_000_000n;
const pod = {
  id: "p",
  metadata: { name: "web", uid: "u", namespace: "default", attempt: 0 },
  labels: { app: "x" },
  annotations: {},
};

function container(id: string, at: bigint, used: bigint, rss?: bigint) {
  return create(ContainerStatsSchema, {
    attributes: { id, metadata: { name: id } },
    cpu: { timestamp: at, usageCoreNanoSeconds: { value: used } },
    memory: {
      timestamp: at,
      workingSetBytes: { value: 10n },
      availableBytes: { value: 5n },
      ...(rss !== undefined && { rssBytes: { value: rss } }),
    },
  });
}

const ended = create(ContainerStatsSchema, { attributes: { id: "ended" } });

test("a pod's cores are the sum of its containers' cores, over the longest of their windows", () => {
  const rates = new CpuRates();
  sumPodStats(pod, [container("a", 0n, 0n), container("b", 0n, 90n * second)], rates);
  const { cpu } = sumPodStats(
    pod,
    [container("a", second, second / 2n), container("b", 2n * second, 91n * second), ended],
    rates,
  );
  expect(cpu).toMatchObject({ cores: 1, percent: 100, windowMs: 2000, usedSeconds: 91.5 });
});

test("a container that came in between leaves the pod's cores unknown until the next sample", () => {
  const rates = new CpuRates();
  const sample = (at: bigint, ...ids: string[]) =>
    sumPodStats(
      pod,
      ids.map((id) => container(id, at, at / 4n)),
      rates,
    ).cpu?.cores;
  expect(sample(second, "a")).toBeUndefined();
  expect(sample(2n * second, "a")).toBe(0.25);
  expect(sample(3n * second, "a", "b")).toBeUndefined();
  expect(sample(4n * second, "a", "b")).toBe(0.5);
  // The sum of the counters has gone back here, and the use has not.
  expect(sample(5n * second, "b")).toBe(0.25);
});

test("what one container does not tell the sum does not either, and a pod's limit is not theirs", () => {
  const rates = new CpuRates();
  const { memory, raw } = sumPodStats(pod, [container("a", 1n, 0n, 3n), container("b", 2n, 0n)], rates);
  expect(memory).toMatchObject({ workingSetBytes: 20, rssBytes: undefined, limitBytes: undefined });
  expect(raw.attributes).toMatchObject({ id: "p", labels: { app: "x" } });
  expect(sumPodStats(pod, [container("a", 1n, 0n, 3n), ended], rates).memory?.rssBytes).toBe(3);
});

test("a pod in which nothing runs uses neither processor nor memory", () => {
  expect(sumPodStats(pod, [ended], new CpuRates())).toMatchObject({
    cpu: undefined,
    memory: undefined,
    isSummed: true,
  });
});
