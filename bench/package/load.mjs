// Loads crikit from the installed package of argv[2] or, without it, what a client by grpc-js needs, and tells the
// milliseconds and the kilobytes of resident memory that took.
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const [project] = process.argv.slice(2);

async function loadCrikit() {
  const { resolve } = createRequire(`${project}/package.json`);
  await import(pathToFileURL(resolve("crikit").replace(/cjs$/, "js")).href);
}

async function loadGrpcJs() {
  const { loadPackageDefinition } = await import("@grpc/grpc-js");
  const { loadSync } = await import("@grpc/proto-loader");
  const proto = fileURLToPath(new URL("../../proto/runtime/v1/api.proto", import.meta.url));
  loadPackageDefinition(loadSync(proto, { longs: String, enums: String }));
}

const before = process.memoryUsage.rss();
const start = performance.now();
await (project ? loadCrikit() : loadGrpcJs());
const time = performance.now() - start;
const memory = (process.memoryUsage.rss() - before) / 1024;
console.log(JSON.stringify({ time, memory }));
