import type { RuntimeClient } from "../../services/runtime-client.js";
import type { FakeRequest, FakeRpcHandler } from "./answers.js";
import type { CommandPattern, FakeCommandHandler } from "./commands.js";
import type { PortHandler } from "./deps.js";
import type { EventFault } from "./events.js";
import type { Fault, RpcName } from "./faults.js";
import type { FakeRegistry } from "./images.js";

/** What a fake runtime has at its start. */
export interface FakeRuntimeOptions {
  /** Images that are there from the start, for example `["app:test"]`. */
  readonly images?: readonly string[] | undefined;
  /** Where images are pulled from; unless told there is one for every reference. */
  readonly registry?: FakeRegistry | undefined;
  /** Makes the IDs of pods and containers, for tests that print them; 64 random hex digits unless told. */
  readonly newId?: (() => string) | undefined;
}

/** How often a fault strikes: the next call alone unless told, `Infinity` for every one. */
export interface FaultOptions {
  /** 1 unless told. */
  readonly times?: number | undefined;
}

/** A call that came in, with its message: where `rpc` is `createContainer`, `request` is a `CreateContainerRequest`. */
export type FakeCall = {
  [Rpc in RpcName]: { readonly rpc: Rpc; readonly request: FakeRequest<Rpc> };
}[RpcName];

/** A runtime without containers. Dispose ends it and removes its socket and its logs. */
export interface FakeRuntime extends AsyncDisposable {
  /** For `connect()`. */
  readonly endpoint: string;
  /** A temporary directory for `connect()`'s option of the same name, so that logs need no root. */
  readonly logRoot: string;
  /** Every call so far, in the order in which they came in. */
  readonly calls: readonly FakeCall[];
  /**
   * The RPCs straight to what the fake holds, for what is to happen without the client under test: also while the
   * fake is away from its socket. Such a call is not among `calls`, and meets no fault and no `onCall`.
   *
   * @example
   * ```ts
   * await fake.restart(async () => {
   *   await fake.runtime.removePodSandbox({ podSandboxId: pod.id });
   * });
   * ```
   */
  readonly runtime: RuntimeClient;

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
   * import { once } from "node:events";
   *
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
   * import { pipeline } from "node:stream/promises";
   *
   * fake.onConnect(7, async (stream) => {
   *   await pipeline(stream, stream);
   * });
   * ```
   */
  onConnect(port: number, handler: PortHandler): void;

  /**
   * Answers an RPC in the fake's place from now on: for what it does not do by itself, as a status that only some
   * runtimes give, or a call that hangs for one container alone. The last handler of an RPC counts.
   *
   * @example
   * ```ts
   * fake.onCall("createContainer", ({ config }, { next }) => {
   *   if (config?.metadata?.name === "unwanted") throw new CriError("permission_denied", "not that one");
   *   return next();
   * });
   * ```
   */
  onCall<Rpc extends RpcName>(rpc: Rpc, handler: FakeRpcHandler<Rpc>): void;

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
   * await fake.restart(async () => {
   *   await cri.pods.list().catch(({ code }) => console.log(code)); // unavailable, or not_running
   * });
   * ```
   */
  restart(meanwhile?: () => Promise<void> | void): Promise<void>;
}
