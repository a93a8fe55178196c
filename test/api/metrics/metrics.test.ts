import { type CriClient, CriError, connect, UnsupportedError } from "crikit";
import { MetricType } from "crikit/proto";
import { type FakeRuntime, type RpcName, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { unreadableByPrometheus } from "../../support/promtool.js";

let fake: FakeRuntime;
let cri: CriClient;
let labels: Record<string, string>;
beforeEach(async () => {
  fake = await startFakeRuntime({ images: ["app:test"] });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  const pod = await cri.pods.run({ metadata: { name: "web" } });
  const container = await pod.runContainer({ metadata: { name: "main" }, image: { image: "app:test" } });
  labels = { id: container.id, image: "app:test", namespace: "default", pod: "web", container: "main" };
});
afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

const metricsRpcs: RpcName[] = ["listMetricDescriptors", "streamPodSandboxMetrics", "listPodSandboxMetrics"];
const statsRpcs: RpcName[] = [
  "streamPodSandboxStats",
  "listPodSandboxStats",
  "podSandboxStats",
  "streamContainerStats",
  "listContainerStats",
];

function without(rpcs: readonly RpcName[]) {
  for (const rpc of rpcs) {
    fake.onCall(rpc, () => {
      throw new UnsupportedError(`${rpc} is not served`);
    });
  }
}

const find = ({ families }: Awaited<ReturnType<typeof cri.metrics>>, wanted: string) =>
  families.find(({ name }) => name === wanted);

/** A runtime with one metric, of which it tells these values. */
function tellMetric(labelValues: readonly string[][]) {
  const name = "container_memory_working_set_bytes";
  fake.onCall("listMetricDescriptors", () => ({
    descriptors: [{ name, help: "In use.", labelKeys: ["id", "container"] }],
  }));
  fake.onCall("streamPodSandboxMetrics", async function* () {
    const metrics = labelValues.map((values) => ({
      name,
      metricType: MetricType.GAUGE,
      labelValues: values,
      value: { value: 7n },
    }));
    yield { podSandboxMetrics: [{ podSandboxId: "a", metrics }] };
  });
}

describe("cri.metrics()", () => {
  test("has the runtime's metrics with their help, type, labels and times", async () => {
    const metrics = await cri.metrics();
    expect(find(metrics, "container_memory_working_set_bytes")).toEqual({
      name: "container_memory_working_set_bytes",
      help: "Memory in use.",
      type: "gauge",
      samples: [{ labels, value: 1024 * 1024, measuredAt: expect.any(Date) }],
    });
    expect(find(metrics, "container_cpu_usage_seconds_total")?.type).toBe("counter");
    expect(metrics.unreadable).toBe(0);
    expect(JSON.parse(JSON.stringify(metrics)).families).toHaveLength(metrics.families.length);
  });

  test("is filled up from the stats with what the runtime has no metrics of", async () => {
    const metrics = await cri.metrics();
    expect(find(metrics, "container_fs_usage_bytes")?.samples).toMatchObject([{ labels, value: 0 }]);
    expect(find(metrics, "container_processes")?.samples[0]?.labels).toMatchObject({
      pod: "web",
      container: "",
    });
    const names = metrics.families.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    without(statsRpcs);
    const alone = (await cri.metrics()).families.map(({ name }) => name);
    expect(alone).toContain("container_memory_usage_bytes");
    expect(alone).not.toContain("container_fs_usage_bytes");
  });

  test("is made of the stats where the runtime has no metrics, and where it is asked for", async () => {
    // A hundredth of a core is used, of which whole seconds tell nothing.
    const isFraction = (value = 0) => value > 0 && value < 1;
    const cpu = "container_cpu_usage_seconds_total";
    const asked = find(await cri.metrics({ source: "stats" }), cpu)?.samples ?? [];
    expect(asked).toMatchObject([{ labels }]);
    expect(isFraction(asked[0]?.value)).toBe(true);
    without(metricsRpcs);
    const metrics = await cri.metrics();
    expect(isFraction(find(metrics, cpu)?.samples[0]?.value)).toBe(true);
    expect(find(metrics, "container_memory_rss")).toBeUndefined();
    expect(await unreadableByPrometheus(metrics.toPrometheus())).toBe("");
  });

  test("leaves out values that say nothing, and counts them", async () => {
    tellMetric([["a", "web"], ["b"], ["c", "web", "more"]]);
    const metrics = await cri.metrics();
    expect(metrics.unreadable).toBe(2);
    expect(find(metrics, "container_memory_working_set_bytes")?.samples).toEqual([
      { labels: { id: "a", container: "web" }, value: 7, measuredAt: undefined },
    ]);
  });

  test("is an error to switch on where the runtime has neither; other errors are not hidden", async () => {
    without([...metricsRpcs, ...statsRpcs]);
    await expect(cri.metrics()).rejects.toBeInstanceOf(UnsupportedError);
    fake.onCall("listMetricDescriptors", () => {
      throw new CriError("internal", "broken");
    });
    await expect(cri.metrics()).rejects.toMatchObject({ code: "internal" });
  });

  test("is a text that Prometheus can scrape, with the content type for it", async () => {
    const metrics = await cri.metrics();
    expect(metrics.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = metrics.toPrometheus();
    expect(text).toContain(
      `container_memory_working_set_bytes{id="${labels.id}",image="app:test",namespace="default",pod="web",container="main"} 1048576\n`,
    );
    expect(await unreadableByPrometheus(text)).toBe("");
    expect(await unreadableByPrometheus(metrics.toPrometheus({ timestamps: true }))).toBe("");
  });
});
