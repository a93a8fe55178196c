/**
 * The main job of crikit from start to end: bring up a runtime, make an image, run a pod, follow the log of a
 * container, run a command in it, forward a port, clean up.
 *
 *   npm run quickstart
 *   npm run quickstart -- --endpoint unix:///run/containerd/containerd.sock
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Container, type CriClient, CriError, connect, type Pod } from "crikit";
import { busyboxImage, type RuntimeHandle, serveRegistry, startRuntime } from "crikit/testing";
import { interrupted, step } from "./step.js";

const imageName = "crikit.test/quickstart:1";
const countUntilTold = `trap "echo Goodbye; exit 7" TERM; n=1
while true; do echo "Counting $n"; n=$((n + 1)); sleep 0.2; done`;

async function main(): Promise<void> {
  const { endpoint } = parseArgs({ options: { endpoint: { type: "string" } } }).values;
  if (endpoint !== undefined) return tellStory(endpoint, pullFromLoopback);

  await using runtime = await step(
    "Start crikit's own runtime",
    () => startRuntime({ signal: interrupted }),
    ({ endpoint, root }) => [`it serves ${endpoint}`, `and keeps everything below ${root}`],
  );
  await tellStory(runtime.endpoint, (cri) => importFromFiles(cri, runtime));
  await step("Remove the runtime", async () => runtime[Symbol.asyncDispose]());
}

async function tellStory(endpoint: string, bringImage: (cri: CriClient) => Promise<string>): Promise<void> {
  await using cri = await step(
    "Connect to it",
    () => connect(endpoint),
    ({ version }) => [`${version.runtimeName} ${version.runtimeVersion}, CRI ${version.runtimeApiVersion}`],
  );
  const image = await bringImage(cri);
  await using logs = await temporaryDirectory();

  await using pod = await step(
    "Run a pod",
    () => cri.pods.run({ metadata: { name: "quickstart" }, logDirectory: logs.path }),
    ({ id }) => [`pod ${id}`],
  );
  await using container = await step(
    "Start a container in it",
    () =>
      pod.runContainer({
        metadata: { name: "counter" },
        image: { image },
        command: ["sh", "-c", countUntilTold],
      }),
    ({ id }) => [`container ${id}`],
  );
  await step(
    "Follow its log until it has counted to 3",
    () => readUntil(container, "Counting 3"),
    (lines) => lines,
  );
  await step(
    "Run a command in it",
    () => container.exec(["sh", "-c", 'echo "$(hostname) runs $(ls /proc | grep -c "^[0-9]") processes"']),
    ({ exitCode, stdout }) => [`exit code ${exitCode}, it says: ${stdout.trim()}`],
  );
  await step(
    "Serve a page in it and fetch it through a forwarded port",
    () => fetchThroughForward(pod, container),
    ({ port, page }) => [`http://127.0.0.1:${port}/ says: ${page}`],
  );
  await step(
    "Stop it and wait for its exit code",
    async () => {
      await container.stop({ gracePeriodMs: 5000 });
      return container.wait();
    },
    ({ exitCode, reason }) => [`exit code ${exitCode} (${reason}), as its own trap says`],
  );
  await step("Remove the container, the pod and the image", async () => {
    await container.remove();
    await pod.stop();
    await pod.remove();
    await cri.images.remove(image);
  });
}

async function importFromFiles(cri: CriClient, runtime: RuntimeHandle): Promise<string> {
  await step("Make an image from this machine's busybox", async () => {
    await runtime.importImage({ ref: imageName, ...(await busyboxImage()) });
  });
  await cri.images.status(imageName);
  return imageName;
}

/** A runtime that is not crikit's own takes images from registries, so it gets one. */
async function pullFromLoopback(cri: CriClient): Promise<string> {
  await using registry = await step(
    "Serve an image made from this machine's busybox",
    async () => serveRegistry([{ ref: imageName, ...(await busyboxImage()) }]),
    ({ host }) => [`by a registry on ${host}`],
  );
  const image = registry.ref(imageName);
  await step("Pull the image", () => cri.images.pull(image, { signal: interrupted }));
  return image;
}

async function readUntil(container: Container, text: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of container.logs({ follow: true, signal: interrupted })) {
    lines.push(line.text);
    if (line.text.includes(text)) break;
  }
  return lines;
}

async function fetchThroughForward(pod: Pod, container: Container) {
  const serve = "mkdir /www && echo Hello from the pod > /www/index.html && httpd -p 8080 -h /www";
  await container.exec(["sh", "-c", serve], { check: true });
  await using forward = await pod.forward(8080, { signal: interrupted });
  const response = await fetch(`http://127.0.0.1:${forward.port}/`, { signal: interrupted });
  return { port: forward.port, page: (await response.text()).trim() };
}

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), "crikit-quickstart-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

try {
  await main();
  console.log("quickstart: ok");
} catch (error) {
  console.error(error instanceof CriError ? error.message : error);
  console.error("quickstart: failed");
  process.exitCode = 1;
}
