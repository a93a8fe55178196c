import { CriError, InvalidArgumentError } from "../errors.js";
import { type Endpoint, parseEndpoint } from "../transport/endpoint.js";
import { readCrictlConfig } from "./crictl-config.js";
import { type KnownEndpoint, knownEndpointsOn } from "./known-endpoints.js";

/** Where discovery looks. Tests put temporary files and variables here. */
export interface DiscoveryPlaces {
  readonly env: NodeJS.ProcessEnv;
  readonly crictlConfigPath?: string | undefined;
  readonly knownEndpoints: readonly KnownEndpoint[];
}

export interface Candidate {
  readonly endpoint: Endpoint;
  /** Where the address comes from, for messages. */
  readonly source: string;
  /** Who listens there, where that is known. */
  readonly runtime?: string | undefined;
}

/** What to try, and what was configured beside it. */
export interface Discovery {
  /** In order of preference; more than one only where nothing was configured. */
  readonly candidates: readonly Candidate[];
  /** Undefined: images are served at the runtime's endpoint. */
  readonly image: Candidate | undefined;
  readonly callTimeoutMs: number | undefined;
}

/** The places of this machine. */
export function machinePlaces(): DiscoveryPlaces {
  return { env: process.env, knownEndpoints: knownEndpointsOn(process.platform) };
}

/**
 * Finds out which endpoints to try, without trying any: `CONTAINER_RUNTIME_ENDPOINT`, else crictl's
 * configuration file, else every known socket. The file's timeout and image endpoint hold where no variable
 * says otherwise.
 */
export async function discoverEndpoints(places: DiscoveryPlaces): Promise<Discovery> {
  const { env } = places;
  const config = await readCrictlConfig(env, places.crictlConfigPath);
  const runtime =
    fromVariable(env, "CONTAINER_RUNTIME_ENDPOINT") ??
    (config && fromText(config.runtimeEndpoint, `runtime-endpoint in ${config.path}`));
  const image =
    fromVariable(env, "IMAGE_SERVICE_ENDPOINT") ??
    (config && fromText(config.imageEndpoint, `image-endpoint in ${config.path}`));
  return {
    candidates: runtime ? [runtime] : places.knownEndpoints.map(known),
    image,
    callTimeoutMs: config?.timeoutMs,
  };
}

function known({ runtime, address }: KnownEndpoint): Candidate {
  return { endpoint: parseEndpoint(address), source: runtime, runtime };
}

function fromVariable(env: NodeJS.ProcessEnv, name: string): Candidate | undefined {
  return fromText(env[name], name);
}

function fromText(text: string | undefined, source: string): Candidate | undefined {
  if (!text) return undefined;
  try {
    return { endpoint: parseEndpoint(text), source };
  } catch (cause) {
    const message = cause instanceof CriError ? cause.message : String(cause);
    throw new InvalidArgumentError(`${message} (from ${source})`, { cause, field: source });
  }
}
