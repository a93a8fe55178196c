// Starts a runtime with a running container, says where it is, and waits to be killed.
import { dirname } from "node:path";
import { connect } from "crikit";
import { busyboxImage, startRuntime } from "crikit/testing";

const logDirectory = process.argv[2] ?? "";
const runtime = await startRuntime();
await runtime.importImage({ ref: "crikit.test/busybox:1", ...(await busyboxImage()) });
const cri = await connect(runtime.endpoint);
const pod = await cri.pods.run({ metadata: { name: "abandoned" }, logDirectory });
const container = await pod.runContainer({
  metadata: { name: "sleep" },
  image: { image: "crikit.test/busybox:1" },
  command: ["sleep", "1000"],
});
const place = { directory: dirname(runtime.root), network: runtime.network, ids: [pod.id, container.id] };
console.log(JSON.stringify(place));
