import { join } from "node:path";

import { Rollback } from "../../async/rollback.js";
import { ImageService, RuntimeService } from "../../proto.js";
import { StreamingServer } from "../../streaming/streaming-server.js";
import { scratchDirectory } from "../temporary-directory.js";
import { type CommandPattern, Commands, type FakeCommandHandler } from "./commands.js";
import { containerRpcs, runningProcess } from "./containers.js";
import type { FakeDeps, PortHandler } from "./deps.js";
import { type EventFault, Events } from "./events.js";
import { type Fault, Faults, type RpcName, withFaults } from "./faults.js";
import { type FakeRegistry, Images, imageRpcs } from "./images.js";
import { nodeRpcs } from "./node.js";
import { podRpcs } from "./pods.js";
import { createFakeServer } from "./serve.js";
import { fakeStreaming, sessionRpcs } from "./sessions.js";
import { FakeState } from "./state.js";
import { statsRpcs } from "./stats.js";

export interface FakeRuntimeOptions {
  /** Images that are there from the start, for example `["app:test"]`. */
  readonly images?: readonly string[] | undefined;
  /** Where images are pulled from; unless told there is one for every reference. */
  readonly registry?: FakeRegistry | undefined;
}

/** How often a fault strikes: the next call alone unless told, `Infinity` for every one. */
export interface FaultOptions {
  readonly times?: number | undefined;
}

/** A call that came in. */
export interface FakeCall {
  readonly rpc: RpcName;
  /** The message as it was sent, for example a `CreateContainerRequest`. */
  readonly request: unknown;
}

/** A runtime without containers. Dispose ends it and removes its socket and its logs. */
export interface FakeRuntime extends AsyncDisposable {
  /** For `connect()`. */
  readonly endpoint: string;
  /** A temporary directory for `connect()`'s option of the same name, so that logs need no root. */
  readonly logRoot: string;
  /** Every call so far, in the order in which they came in. */
  readonly calls: readonly FakeCall[];

  /**
   * Scripts a command that clients run in a container, by `exec` or `spawn`. One without a script does not exist
   * there.
   *
   * @example
   * ```ts
   * fake.onExec("cat", async ({ stdin, stdout }) => {
   *   for await (const chunk of stdin) stdout.write(chunk);
   * });
   * fake.onExec(["id", "-u"], ({ stdout }) => {
   *   stdout.write("0\n");
   *   return 0;
   * });
   * ```
   */
  onExec(command: CommandPattern, handler: FakeCommandHandler): void;

  /**
   * Scripts a command that a container is made to run. What it writes is the container's log, its end the
   * container's. A container without a script runs until it is stopped.
   *
   * @example
   * ```ts
   * fake.onRun("server", async ({ stdout, signal }) => {
   *   stdout.write("ready\n");
   *   await once(signal, "abort");
   *   return 0;
   * });
   * ```
   */
  onRun(command: CommandPattern, handler: FakeCommandHandler): void;

  /**
   * Serves a port of every pod, for `connect` and `forward`. Nobody listens at other ports.
   *
   * @example
   * ```ts
   * fake.onConnect(7, async (stream) => {
   *   await pipeline(stream, stream);
   * });
   * ```
   */
  onConnect(port: number, handler: PortHandler): void;

  /**
   * Has a call go wrong: the next one of the RPC, or as many as `times` says. Faults of one RPC strike in the order
   * in which they were ordered.
   *
   * @example
   * ```ts
   * fake.fault("pullImage", { error: "registry_unavailable", message: "try later" });
   * fake.fault("createContainer", { at: "end", cut: true }); // it is made, and the answer is lost
   * fake.fault("listContainers", { delayMs: 500 }, { times: Number.POSITIVE_INFINITY });
   * ```
   */
  fault(rpc: RpcName, fault: Fault, options?: FaultOptions): void;

  /**
   * Has an event go wrong for every reader of GetContainerEvents: `drop`, it never comes; `swap`, it comes after the
   * one that follows it.
   *
   * @example
   * ```ts
   * fake.faultEvent("drop");
   * await pod.stop(); // which no event tells
   * ```
   */
  faultEvent(fault: EventFault, options?: FaultOptions): void;

  /** Takes back the faults of calls that have not struck yet. */
  clearFaults(): void;

  /** Brings in an image, as a pull would. */
  addImage(ref: string): void;

  /** Ends a running container by itself. Its status and the event follow at once. */
  exit(containerId: string, exitCode: number): Promise<void>;

  /**
   * Breaks every connection and session and serves again, on the same socket, once `meanwhile` is through. What the
   * runtime holds stays.
   *
   * @example
   * ```ts
   * await fake.restart(() => expect(client.isConnected).toBe(false));
   * ```
   */
  restart(meanwhile?: () => Promise<void> | void): Promise<void>;
}

/**
 * Starts a CRI runtime in memory, on a unix socket of its own: pods, containers, images, usage, events, logs and
 * sessions as clients see them, with no process behind them. Needs no root and nothing of Linux. What commands do is
 * scripted, and what goes wrong is ordered.
 *
 * @example
 * ```ts
 * await using fake = await startFakeRuntime({ images: ["app:test"] });
 * fake.onExec(["id", "-u"], ({ stdout }) => void stdout.write("0\n"));
 * fake.fault("startContainer", { error: "unavailable" });
 * await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
 * await using pod = await cri.pods.run({ metadata: { name: "demo" } });
 * ```
 */
export async function startFakeRuntime(options: FakeRuntimeOptions = {}): Promise<FakeRuntime> {
  const rollback = new Rollback();
  try {
    return await start(options, rollback);
  } catch (error) {
    await rollback.run();
    throw error;
  }
}

async function start(
  { images = [], registry = (ref) => ref }: FakeRuntimeOptions,
  rollback: Rollback,
): Promise<FakeRuntime> {
  const directory = await scratchDirectory();
  rollback.add("remove the directory", () => directory[Symbol.asyncDispose]());
  const deps = createDeps(registry);
  for (const ref of images) deps.images.pull(ref);
  let streaming = await listeningServer(deps);
  rollback.add("end the sessions", () => streaming.close());
  const calls: FakeCall[] = [];
  const faults = new Faults(() => server.cut());
  const wrapping = {
    faults,
    onCall: (rpc: string, request: unknown) => calls.push({ rpc: rpc as RpcName, request }),
  };
  const runtimeService = {
    ...nodeRpcs(deps),
    ...podRpcs(deps),
    ...containerRpcs(deps),
    ...statsRpcs(deps),
    ...sessionRpcs(deps, () => streaming),
  };
  const path = join(directory.path, "cri.sock");
  const server = await createFakeServer(path, (router) => {
    router.service(RuntimeService, withFaults(RuntimeService, runtimeService, wrapping));
    router.service(ImageService, withFaults(ImageService, imageRpcs(deps), wrapping));
  });
  await server.open();
  rollback.add("end the containers", () => endAll(deps));
  rollback.add("close the socket", () => server.close());
  let disposed: Promise<unknown> | undefined;
  return {
    endpoint: `unix://${path}`,
    logRoot: join(directory.path, "logs"),
    calls,
    onExec: (command, handler) => deps.execs.add(command, handler),
    onRun: (command, handler) => deps.runs.add(command, handler),
    onConnect: (port, handler) => void deps.ports.set(port, handler),
    fault: (rpc, fault, { times = 1 } = {}) => faults.add(rpc, fault, times),
    faultEvent: (fault, { times = 1 } = {}) => deps.events.fault(fault, times),
    clearFaults: () => faults.clear(),
    addImage: (ref) => void deps.images.pull(ref),
    async exit(containerId, exitCode) {
      const process = runningProcess(deps.state.container(containerId));
      process.end(exitCode);
      await process.exited;
    },
    async restart(meanwhile = () => {}) {
      await server.close();
      await streaming.close();
      try {
        await meanwhile();
      } finally {
        streaming = await listeningServer(deps);
        await server.open();
      }
    },
    async [Symbol.asyncDispose]() {
      disposed ??= rollback.run();
      await disposed;
    },
  };
}

function createDeps(registry: FakeRegistry): FakeDeps {
  const state = new FakeState();
  return {
    state,
    events: new Events(state),
    images: new Images(state, registry),
    runs: new Commands(),
    execs: new Commands(),
    ports: new Map(),
  };
}

async function listeningServer(deps: FakeDeps): Promise<StreamingServer> {
  const server = new StreamingServer(fakeStreaming(deps));
  await server.listen();
  return server;
}

async function endAll({ state }: FakeDeps): Promise<void> {
  await Promise.all([...state.containers.values()].map(({ process }) => process?.stop(0)));
}
