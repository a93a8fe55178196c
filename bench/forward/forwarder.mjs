// `crictl port-forward` by the installed package: node forwarder.mjs ENDPOINT POD PORT. Says on stdout where it listens,
// and ends with its input.
import { once } from "node:events";
import { connect } from "crikit";

const [endpoint, id, port] = process.argv.slice(2);
const cri = await connect(endpoint);
const forward = await cri.pods.get(id).forward(Number(port), { onError: console.error });
console.log(`Forwarding from 127.0.0.1:${forward.port}`);
await once(process.stdin.resume(), "end");
await forward.close();
await cri.close();
