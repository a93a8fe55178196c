// Calls Version on the socket argv[2] and comes to its end without closing the connection.
import { createRuntimeClient } from "../../../src/services/runtime-client.js";
import { ownTransport } from "./subjects.js";

const client = createRuntimeClient(ownTransport.open(process.argv[2] ?? ""));
const { runtimeName } = await client.version({});
process.on("exit", () => console.log(`called ${runtimeName}, then ended`));
