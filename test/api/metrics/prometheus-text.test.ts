import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { MetricFamily } from "../../../src/api/metrics/metric-family.js";
import { prometheusText } from "../../../src/api/metrics/prometheus-text.js";
import { unreadableByPrometheus } from "../../support/promtool.js";

const measuredAt = new Date("2026-01-02T03:04:05.678Z");
const family = (more: Partial<MetricFamily>): MetricFamily => ({
  name: "container_memory_usage_bytes",
  help: "Memory in use.",
  type: "gauge",
  samples: [],
  ...more,
});

describe("the text for Prometheus", () => {
  test("has the help, the type and the values of each metric", async () => {
    const labels = { id: "a", container: "web" };
    const samples = [
      { labels, value: 12.5, measuredAt },
      { labels: { ...labels, id: "b" }, value: 9_007_199_254_740_991, measuredAt: undefined },
    ];
    const counter = family({ name: "x_total", help: "X.", type: "counter" });
    const text = prometheusText(
      [family({ samples }), { ...counter, samples: [{ labels: {}, value: 1e21, measuredAt }] }],
      {},
    );
    expect(text).toBe(
      [
        "# HELP container_memory_usage_bytes Memory in use.",
        "# TYPE container_memory_usage_bytes gauge",
        'container_memory_usage_bytes{id="a",container="web"} 12.5',
        'container_memory_usage_bytes{id="b",container="web"} 9007199254740991',
        "# HELP x_total X.",
        "# TYPE x_total counter",
        "x_total 1e+21",
        "",
      ].join("\n"),
    );
    expect(await unreadableByPrometheus(text)).toBe("");
  });

  test("has the times of the values, in milliseconds, for who wants them", async () => {
    const samples = [
      { labels: { id: "a" }, value: 1, measuredAt },
      { labels: { id: "b" }, value: 2, measuredAt: undefined },
    ];
    const text = prometheusText([family({ samples })], { timestamps: true });
    expect(text).toContain(`{id="a"} 1 ${measuredAt.getTime()}\n`);
    expect(text).toContain('{id="b"} 2\n');
    expect(await unreadableByPrometheus(text)).toBe("");
  });

  test("escapes what would end a value or a line", async () => {
    const samples = [{ labels: { image: 'a"b\\c\nd' }, value: 1, measuredAt: undefined }];
    const text = prometheusText([family({ help: 'one\\two\nthree "four"', samples })], {});
    expect(text).toContain('# HELP container_memory_usage_bytes one\\\\two\\nthree "four"\n');
    expect(text).toContain('{image="a\\"b\\\\c\\nd"} 1\n');
    expect(await unreadableByPrometheus(text)).toBe("");
  });

  test("has a series once, for twice would cost the scrape", () => {
    const sample = { labels: { id: "a" }, value: 1, measuredAt: undefined };
    expect(
      prometheusText([family({ samples: [sample, { ...sample, value: 2 }] })], {}).match(/\{id="a"\}/g),
    ).toHaveLength(1);
  });

  test("can be read whatever names, labels and helps a runtime has", async () => {
    const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__name__", "", "1", "\r\n"));
    const sample = fc.record({
      labels: fc.dictionary(anyText, anyText, { maxKeys: 3, noNullPrototype: true }),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      measuredAt: fc.constant(undefined),
    });
    const anyFamily = fc.record({
      name: anyText,
      help: anyText,
      type: fc.constantFrom("counter" as const, "gauge" as const),
      samples: fc.array(sample, { minLength: 1, maxLength: 3 }),
    });
    expect(await unreadableByPrometheus(prometheusText(fc.sample(anyFamily, 1000), {}))).toBe("");
  });
});
