import { stat } from "node:fs/promises";
import { CriError, InvalidArgumentError, StaleSocketError } from "../errors.js";
import type { VersionResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { createImageClient } from "../services/image-client.js";
import { createRuntimeClient } from "../services/runtime-client.js";
import { type Connection, type ConnectionOptions, openConnection } from "../transport/connection.js";
import { type Endpoint, isNamedPipe } from "../transport/endpoint.js";

export interface ProbeOptions extends CallOptions {
  readonly connection: ConnectionOptions;
}

/** Who connects wants to hear at once of a runtime that is not there. */
const tryOnce = { retries: 0 };

/**
 * Opens a connection and proves that a CRI runtime answers on it. The connection is the caller's; when
 * something fails none is left.
 */
export async function probeRuntime(
  endpoint: Endpoint,
  options: ProbeOptions,
): Promise<{ connection: Connection; version: VersionResponse }> {
  const { connection: connectionOptions, ...call } = options;
  return probe(endpoint, connectionOptions, async (connection) => {
    const version = await createRuntimeClient(connection, tryOnce).version({}, call);
    checkVersion(version, endpoint);
    return { connection, version };
  });
}

/** The same for an endpoint that serves images apart. Version is no RPC of the ImageService. */
export async function probeImages(
  endpoint: Endpoint,
  options: ProbeOptions,
): Promise<{ connection: Connection }> {
  const { connection: connectionOptions, ...call } = options;
  return probe(endpoint, connectionOptions, async (connection) => {
    await createImageClient(connection, tryOnce).imageFsInfo({}, call);
    return { connection };
  });
}

async function probe<T>(
  endpoint: Endpoint,
  options: ConnectionOptions,
  ask: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = openConnection(endpoint, options);
  try {
    return await ask(connection);
  } catch (error) {
    connection.close();
    // A transport of the caller's own may lead somewhere else than to the socket.
    if (error instanceof StaleSocketError && !options.transport) await checkSocket(endpoint);
    throw error;
  }
}

/** To connect(2) a regular file looks like a dead socket. What else may be wrong is the dial's to say. */
async function checkSocket({ address, path }: Endpoint): Promise<void> {
  if (isNamedPipe(path)) return;
  const found = await stat(path).catch(() => undefined);
  if (!found || found.isSocket()) return;
  throw new InvalidArgumentError(`${path} is not a socket: mend the endpoint`, {
    field: "endpoint",
    endpoint: address,
  });
}

/** kubelet refuses a runtime that leaves one of the four out; so nothing that works with it is lost. */
function checkVersion(version: VersionResponse, { address }: Endpoint): void {
  const missing = (["version", "runtimeName", "runtimeVersion", "runtimeApiVersion"] as const).filter(
    (field) => version[field] === "",
  );
  if (missing.length === 0) return;
  throw new CriError("internal", `The runtime at ${address} answered Version without ${missing.join(", ")}`, {
    rpc: "Version",
    endpoint: address,
  });
}
