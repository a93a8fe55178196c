// `crictl logs` by the built package, to the lines alone: node reader.mjs ENDPOINT CONTAINER. Says on stderr how
// many lines and bytes of text there were.
import { connect } from "crikit";

const [endpoint, id] = process.argv.slice(2);
const cri = await connect(endpoint);
let lines = 0;
let characters = 0;
for await (const { text } of cri.containers.get(id).logs()) {
  lines += 1;
  characters += text.length;
}
await cri.close();
console.error(`${lines} lines, ${characters} characters`);
