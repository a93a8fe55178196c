/**
 * Serves the metrics of all containers for Prometheus, until Ctrl-C: `/metrics`, and `/healthz` for a probe.
 *
 *   npx tsx examples/exporter.ts [--host 127.0.0.1] [--port 9102]
 *
 * In prometheus.yml:
 *
 *   scrape_configs:
 *     - job_name: containers
 *       static_configs: [{ targets: ["127.0.0.1:9102"] }]
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { type CriClient, connect } from "crikit";

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());

async function main(): Promise<void> {
  const { host, port } = parseArgs({
    options: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "9102" },
    },
  }).values;
  await using cri = await connect(undefined, { signal });
  const server = createServer(({ url }, response) => {
    const answer = url === "/metrics" ? serveMetrics : url === "/healthz" ? serveHealth : undefined;
    if (!answer) return void response.writeHead(404).end();
    answer(cri, response).catch((error) => {
      response.writeHead(503, { "content-type": "text/plain" }).end(`${messageOf(error)}\n`);
    });
  });
  server.listen({ host, port: Number(port), signal });
  // Whoever asks again on an open connection would keep it open.
  signal.addEventListener("abort", () => server.closeAllConnections());
  await once(server, "listening", { signal });
  console.log(`Serving http://${host}:${(server.address() as AddressInfo).port}/metrics`);
  await once(server, "close"); // by the signal
}

async function serveMetrics(cri: CriClient, response: ServerResponse): Promise<void> {
  const metrics = await cri.metrics({ signal });
  response.setHeader("content-type", metrics.contentType).end(metrics.toPrometheus());
}

async function serveHealth(cri: CriClient, response: ServerResponse): Promise<void> {
  const { runtimeReady } = await cri.info({ signal });
  response.writeHead(runtimeReady ? 200 : 503).end();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main().catch((error) => {
  if (signal.aborted) return;
  console.error(messageOf(error));
  process.exitCode = 1;
});
