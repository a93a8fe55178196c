import type { MetricFamily, MetricSample } from "./metric-family.js";

/** How the text for Prometheus is written. */
export interface PrometheusOptions {
  /**
   * Write the time of each value. Off unless told: Prometheus then marks what has gone as stale at once, and does not
   * show it for another five minutes. On it is for runtimes whose answers come from a cache.
   */
  timestamps?: boolean | undefined;
}

/** The content type of this text. */
export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics in the text format of Prometheus. */
export function prometheusText(
  families: readonly MetricFamily[],
  { timestamps = false }: PrometheusOptions,
): string {
  const byName = new Map<string, MetricFamily>();
  for (const family of families) {
    const name = metricName(family.name);
    const { samples = [] } = byName.get(name) ?? {};
    byName.set(name, { ...family, name, samples: [...samples, ...family.samples] });
  }
  return [...byName.values()].map((family) => familyText(family, timestamps)).join("");
}

/** One bad line, or a series or a label that is there twice, would cost the whole scrape. */
function familyText({ name, help, type, samples }: MetricFamily, timestamps: boolean): string {
  const lines = new Map<string, string>();
  for (const sample of samples) {
    const series = `${name}${labelsText(sample.labels)}`;
    const line = `${series} ${sample.value}${timestamps ? timeText(sample) : ""}\n`;
    if (!lines.has(series)) lines.set(series, line);
  }
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${[...lines.values()].join("")}`;
}

function labelsText(labels: MetricSample["labels"]): string {
  const values = new Map(Object.entries(labels).map(([name, value]) => [labelName(name), value]));
  const pairs = [...values].map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function timeText({ measuredAt }: MetricSample): string {
  return measuredAt ? ` ${measuredAt.getTime()}` : "";
}

function metricName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?=\d|$)/, "_");
}

/** Two underscores in front are Prometheus' own. */
function labelName(name: string): string {
  return name
    .replace(/[^a-zA-Z0-9_]/g, "_")
    .replace(/^(?=\d|$)/, "_")
    .replace(/^__+/, "_");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
