// `crictl exec -i` by the installed package: node client.mjs ENDPOINT CONTAINER COMMAND [ARGUMENT ...]. Plain
// JavaScript, so that no loader's start-up and memory are measured.
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { connect } from "crikit";

const [endpoint, id, ...command] = process.argv.slice(2);
const cri = await connect(endpoint);
const session = await cri.containers.get(id).spawn(command, { stdin: true });
// A file: process.stdin would read it in pieces of 64 KiB.
const input = createReadStream("", { fd: 0, highWaterMark: 2 ** 20 });
const keepOpen = { end: false };
await Promise.all([
  pipeline(input, session.stdin),
  pipeline(session.stdout, process.stdout, keepOpen),
  pipeline(session.stderr, process.stderr, keepOpen),
]);
const { exitCode } = await session.exited;
await cri.close();
process.exitCode = exitCode;
