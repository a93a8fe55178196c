import type { CredentialSource } from "../credentials/look-up.js";
import { findOpenTelemetry } from "../diagnostics/open-telemetry.js";
import { type EndpointAttempt, InvalidArgumentError } from "../errors.js";
import type { VersionResponse } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { StreamingOptions } from "../sessions/open-session.js";
import type { Connection, ConnectionOptions } from "../transport/connection.js";
import { parseEndpoint } from "../transport/endpoint.js";
import { describeAttempt, noEndpoint } from "./attempt.js";
import { CriClient } from "./client.js";
import {
  type Candidate,
  type Discovery,
  type DiscoveryPlaces,
  discoverEndpoints,
  machinePlaces,
} from "./discovery.js";
import { type ProbeOptions, probeImages, probeRuntime } from "./probe.js";

/** How `connect()` finds and calls the runtime. */
export interface ConnectOptions extends CallOptions, ConnectionOptions {
  /**
   * The time that connecting may take, in milliseconds; 5 s unless told, 0 for no limit. It is not the limit
   * of later calls: see `callTimeoutMs`.
   */
  timeoutMs?: number | undefined;
  /** Where images are served, if not at the runtime's endpoint. */
  imageEndpoint?: string | undefined;
  /**
   * The deadline of later calls that say none themselves, in milliseconds, in place of each RPC's default
   * (10 s for reads, 2 min for changes); 0 for none.
   */
  callTimeoutMs?: number | undefined;
  /**
   * How often later calls that only read are tried again when the runtime is unavailable, unless they say so
   * themselves; 5 unless told, 0 for never. Connecting itself is tried once.
   */
  retries?: number | undefined;
  /**
   * Under this directory `pods.run` makes the log directories of pods that name none; kubelet's
   * `/var/log/pods` unless told. The runtime writes there, so it must be a path on the runtime's host.
   */
  logRoot?: string | undefined;
  /**
   * Where the root directory of the runtime's host is mounted, for a program in a container of its own: paths that
   * the runtime tells of, such as those of logs, are looked for below it. `/` unless told.
   */
  hostRoot?: string | undefined;
  /**
   * Where credentials for registries are looked up by pulls that bring none; `none` unless told: no file of this user
   * is read, and no credential helper run, without being asked for.
   */
  credentials?: CredentialSource | undefined;
  /** How exec, attach and port-forward sessions are opened. */
  streaming?: StreamingOptions | undefined;
}

const defaultTimeoutMs = 5_000;

/**
 * Connects to a CRI runtime and asks for its version, so that a client that was returned works.
 *
 * Without an endpoint: `CONTAINER_RUNTIME_ENDPOINT` and `IMAGE_SERVICE_ENDPOINT`, else crictl's configuration
 * file (`CRI_CONFIG_FILE`, or `/etc/crictl.yaml`), else the known sockets of containerd, CRI-O, cri-dockerd,
 * k3s, k0s, MicroK8s and crikit-runtime (on Windows the pipes of containerd and cri-dockerd), probed side by side: the first of them, in this order, that answers.
 * An endpoint that is given stands for both services, and neither variables nor files are read.
 *
 * @throws NoEndpointError when no endpoint was given and none answers: it lists each one tried, why it failed
 * and what to do. With an endpoint given, the error of that endpoint: `NotRunningError`, `StaleSocketError`,
 * `NoPermissionError`, `DeadlineError`, or `UnsupportedError` where the server does not serve CRI.
 * @throws InvalidArgumentError for an endpoint or a configuration file that cannot be read.
 *
 * @example
 * ```ts
 * await using cri = await connect();
 * console.log(cri.version.runtimeName);
 * for (const pod of await cri.pods.list()) console.log(pod.listed.metadata.name);
 * ```
 */
export async function connect(endpoint?: string, options: ConnectOptions = {}): Promise<CriClient> {
  return connectFrom(machinePlaces(), endpoint, options);
}

/** `connect`, with other places to look into. */
export async function connectFrom(
  places: DiscoveryPlaces,
  endpoint: string | undefined,
  options: ConnectOptions,
): Promise<CriClient> {
  const {
    signal,
    timeoutMs = defaultTimeoutMs,
    headers,
    imageEndpoint,
    callTimeoutMs,
    logRoot,
    retries,
  } = options;
  const { transport, maxMessageBytes, interceptors, streaming, hostRoot, credentials } = options;
  const { openTelemetry = await findOpenTelemetry() } = options;
  signal?.throwIfAborted();
  if (transport && endpoint === undefined) {
    throw new InvalidArgumentError("A transport needs the endpoint that it leads to", { field: "endpoint" });
  }
  const discovery = endpoint === undefined ? await discoverEndpoints(places) : only(endpoint);
  const image = imageEndpoint === undefined ? discovery.image : candidate(imageEndpoint, "imageEndpoint");
  const connection = { transport, maxMessageBytes, interceptors, openTelemetry };
  const probe: ProbeOptions = { connection, signal, timeoutMs, headers };

  const found = await findRuntime(discovery.candidates, probe, endpoint !== undefined);
  let imageConnection: Connection | undefined;
  if (image && image.endpoint.path !== found.connection.endpoint.path) {
    try {
      imageConnection = (await probeImages(image.endpoint, probe)).connection;
    } catch (error) {
      found.connection.close();
      if (signal?.aborted || endpoint !== undefined || imageEndpoint !== undefined) throw error;
      throw noEndpoint([describeAttempt(image, error)]);
    }
  }
  return new CriClient({
    ...found,
    imageConnection,
    callTimeoutMs: callTimeoutMs ?? discovery.callTimeoutMs,
    retries,
    logRoot,
    hostRoot,
    streaming,
    credentials,
  });
}

interface Found {
  connection: Connection;
  version: VersionResponse;
}

/** Probes all at once and takes the first, in the order given, that answers; the others are closed. */
async function findRuntime(
  candidates: readonly Candidate[],
  options: ProbeOptions,
  given: boolean,
): Promise<Found> {
  const enough = new AbortController();
  const giveUp = () => enough.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", giveUp, { once: true });
  const probes = candidates.map(async (candidate): Promise<Found | EndpointAttempt> => {
    try {
      return await probeRuntime(candidate.endpoint, { ...options, signal: enough.signal });
    } catch (error) {
      return describeAttempt(candidate, error);
    }
  });
  let winner: Found | undefined;
  try {
    const attempts: EndpointAttempt[] = [];
    for (const probe of probes) {
      const result = await probe;
      if ("connection" in result) {
        winner = result;
        return winner;
      }
      attempts.push(result);
    }
    options.signal?.throwIfAborted();
    if (given && attempts[0]) throw attempts[0].error;
    throw noEndpoint(attempts);
  } finally {
    options.signal?.removeEventListener("abort", giveUp);
    enough.abort();
    for (const result of await Promise.all(probes)) {
      if ("connection" in result && result !== winner) result.connection.close();
    }
  }
}

function only(endpoint: string): Discovery {
  return { candidates: [candidate(endpoint, "argument")], image: undefined, callTimeoutMs: undefined };
}

function candidate(endpoint: string, source: string): Candidate {
  return { endpoint: parseEndpoint(endpoint), source };
}
