import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.js";

/** Where `scripts/test-programs.mjs` unpacks it. */
const program = fileURLToPath(
  new URL("../../.cache/test-programs/prometheus/usr/bin/prometheus", import.meta.url),
);

export interface Prometheus extends AsyncDisposable {
  /** The values of the series that a query gives now. */
  ask(query: string): Promise<number[]>;
}

/** A Prometheus on loopback that scrapes one target, as the job `containers`, and keeps its data below a directory. */
export async function startPrometheus(below: string, target: string): Promise<Prometheus> {
  const directory = await mkdtemp(join(below, "prometheus-"));
  const config = join(directory, "prometheus.yml");
  const job = { job_name: "containers", static_configs: [{ targets: [target] }] };
  await writeFile(config, JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [job] }));
  const child = spawn(
    program,
    [`--config.file=${config}`, `--storage.tsdb.path=${directory}`, "--web.listen-address=127.0.0.1:0"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(child, "close");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const address = () => /msg="Listening on" address=(\S+)/.exec(said)?.[1];
  await until(
    "Prometheus answers",
    () => said.includes("ready to receive web requests") || child.exitCode !== null,
  );
  if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}:\n${said}`);
  return {
    async ask(query) {
      const response = await fetch(`http://${address()}/api/v1/query?${new URLSearchParams({ query })}`);
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result.map(({ value: [, value] }) => Number(value));
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
