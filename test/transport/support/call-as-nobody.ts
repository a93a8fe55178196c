// Calls Version on the socket argv[3] by the transport argv[2], as a user who may not open it, and prints the code
// of the error. A program of its own, because a process cannot take root back.
import { CriError } from "../../../src/errors.js";
import { createRuntimeClient } from "../../../src/services/runtime-client.js";
import { connectNodeTransport, ownTransport } from "./subjects.js";

const [, , name, path = ""] = process.argv;
const subject = [ownTransport, connectNodeTransport].find((each) => each.name === name);
const client = subject && createRuntimeClient(subject.open(path));
if (process.getuid?.() === 0) process.setuid?.(65_534);
try {
  await client?.version({});
} catch (error) {
  console.log(error instanceof CriError ? `${error.code}: ${error.message}` : String(error));
}
