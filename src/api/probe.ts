import { stat } from "node:fs/promises";
import { CriError, InvalidArgumentError, NoPermissionError, NotRunningError } from "../errors.js";
import type { VersionResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { createImageClient } from "../services/image-client.js";
import { createRuntimeClient } from "../services/runtime-client.js";
import { type Connection, type ConnectionOptions, openConnection } from "../transport/connection.js";
import type { Endpoint } from "../transport/endpoint.js";

export interface ProbeOptions extends CallOptions {
  readonly connection: ConnectionOptions;
}

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
    const version = await createRuntimeClient(connection).version({}, call);
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
    await createImageClient(connection).imageFsInfo({}, call);
    return { connection };
  });
}

async function probe<T>(
  endpoint: Endpoint,
  options: ConnectionOptions,
  ask: (connection: Connection) => Promise<T>,
): Promise<T> {
  // A transport of the caller's own may lead somewhere else than to the socket.
  if (!options.transport) await checkSocket(endpoint);
  const connection = openConnection(endpoint, options);
  try {
    return await ask(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A connect alone tells a regular file from a socket no better than a dead socket. */
async function checkSocket({ address, path }: Endpoint): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = (await stat(path)).isSocket();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const options = { cause, endpoint: address };
    if (code === "ENOENT" || code === "ENOTDIR") {
      const mend = "start the runtime, or give the endpoint that it listens on";
      throw new NotRunningError(`There is no socket at ${path}: ${mend}`, options);
    }
    if (code === "EACCES") {
      const mend = "run as root, or as a member of the group that may";
      throw new NoPermissionError(`This user may not look into the directories of ${path}: ${mend}`, options);
    }
    throw cause;
  }
  if (isSocket) return;
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
