// Owns runtimes of the built package, each with a running container: starts `count` at the same time, says in a
// line of JSON where they are, and disposes of them when its input ends. With `exit` it ends instead, without a
// word to them. `importFrom` is a file of the image that each imports. Plain JavaScript, as it starts faster.
import { dirname } from "node:path";
import { connect } from "crikit";
import { busyboxImage, startRuntime } from "crikit/testing";

const { count = 1, exit = false, importFrom, logDirectory } = JSON.parse(process.argv[2] ?? "{}");
const image = "crikit.test/busybox:1";

async function own() {
  const runtime = await startRuntime();
  const { files, defaults } = await busyboxImage();
  const more = importFrom ? { "/imported": { from: importFrom } } : {};
  await runtime.importImage({ ref: image, files: { ...files, ...more }, defaults });
  const cri = await connect(runtime.endpoint);
  const pod = await cri.pods.run({ metadata: { name: "owned" }, logDirectory });
  const container = await pod.runContainer({
    metadata: { name: "sleep" },
    image: { image },
    command: ["sleep", "1000"],
  });
  const { ips } = await pod.status();
  cri.close();
  const place = { directory: dirname(runtime.root), network: runtime.network, ids: [pod.id, container.id] };
  return { runtime, place: { ...place, ips, pid: runtime.pid } };
}

const owned = await Promise.all(Array.from({ length: count }, own));
process.stdout.write(`${JSON.stringify(owned.map(({ place }) => place))}\n`, () => exit && process.exit());
for await (const _ of process.stdin);
await Promise.all(owned.map(({ runtime }) => runtime[Symbol.asyncDispose]()));
