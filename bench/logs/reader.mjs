// `crictl logs` by the installed package: node reader.mjs ENDPOINT CONTAINER lines|chunks. To the lines alone, or as chunks
// to its own stdout and stderr, as crictl does. Says on stderr how many lines and bytes or characters there were.
import { once } from "node:events";
import { connect } from "crikit";

const [endpoint, id, form] = process.argv.slice(2);
const cri = await connect(endpoint);
const container = cri.containers.get(id);
let lines = 0;
let length = 0;
if (form === "lines") {
  for await (const { text } of container.logs()) {
    lines += 1;
    length += text.length;
  }
} else {
  for await (const chunk of container.logChunks()) {
    const to = process[chunk.stream];
    if (!to.write(chunk.bytes)) await once(to, "drain");
    lines += chunk.lines;
    length += chunk.bytes.length;
  }
}
await cri.close();
console.error(`${lines} lines, ${length} bytes or characters`);
