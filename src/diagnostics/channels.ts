import { channel, tracingChannel } from "node:diagnostics_channel";

/**
 * The names of what can be subscribed to by `node:diagnostics_channel`. `rpc`, `session` and `logs` are tracing
 * channels: give them to `tracingChannel()`. The others are plain ones. Without a subscriber they cost nothing; what
 * they tell holds no secret.
 *
 * @example
 * ```ts
 * import { subscribe } from "node:diagnostics_channel";
 * import { diagnosticsChannels, type RpcDiagnostics } from "crikit";
 *
 * subscribe(`tracing:${diagnosticsChannels.rpc}:asyncEnd`, (told) => {
 *   const { rpc, tries, error } = told as RpcDiagnostics;
 *   console.log(rpc, tries, error ?? "done");
 * });
 * subscribe(diagnosticsChannels.disconnect, (told) => console.log("disconnected", told));
 * ```
 */
export const diagnosticsChannels = {
  /** Calls of RPCs: {@link RpcDiagnostics}. */
  rpc: "crikit:rpc",
  /** Exec, attach and port-forward sessions: {@link SessionDiagnostics}. */
  session: "crikit:session",
  /** Logs that are read or followed: {@link LogDiagnostics}. */
  logs: "crikit:logs",
  /** A read is about to be tried again: {@link RetryDiagnostics}. */
  retry: "crikit:rpc:retry",
  /** A connection was made: {@link ConnectionDiagnostics}. */
  connect: "crikit:connection:connect",
  /** No connection could be made, and none is tried for a while: {@link ConnectionDiagnostics}. */
  refused: "crikit:connection:refused",
  /** A connection has ended: {@link ConnectionDiagnostics}. */
  disconnect: "crikit:connection:disconnect",
} as const;

/** Work that lasts. One object for all of its events. */
export interface OperationDiagnostics {
  /** The address of the runtime. */
  readonly endpoint: string;
  /** Set when the work has failed, or was ended by its caller's signal: then it is the signal's reason. */
  error?: unknown;
}

/** One call of an RPC, all its tries together. A stream lasts until its end, or until its reader leaves. */
export interface RpcDiagnostics extends OperationDiagnostics {
  /** For example `ListContainers`. */
  readonly rpc: string;
  /** `runtime.v1.RuntimeService` or `runtime.v1.ImageService`. */
  readonly service: string;
  /** One answer, or as many messages as come. */
  readonly kind: "unary" | "stream";
  /** 0 for none. */
  readonly timeoutMs: number;
  /** The request as `redact()` of `crikit/proto` shows it. Made when it is looked at. */
  readonly request: Readonly<Record<string, unknown>>;
  /** How many were made so far. */
  tries: number;
  /** How many came so far. */
  messages: number;
}

/** One session with a container, or one connection into a pod, from its RPC to its end. */
export interface SessionDiagnostics extends OperationDiagnostics {
  /** Which RPC has opened it. */
  readonly kind: "exec" | "attach" | "port-forward";
  /** The container; of a port-forward, the pod. */
  readonly id: string;
  /** Of an exec: the program, without its arguments. */
  readonly program?: string | undefined;
  /** Of a port-forward. */
  readonly port?: number | undefined;
  /** Once it is known. */
  exitCode?: number | undefined;
}

/** One reading of a container's log. */
export interface LogDiagnostics extends OperationDiagnostics {
  /** The container. */
  readonly id: string;
  /** Whether the reader asked for what comes from now on, too. */
  readonly follow: boolean;
  /** How many were given so far. */
  lines: number;
}

/** A try of a read that failed, and another that comes. */
export interface RetryDiagnostics {
  /** The address of the runtime. */
  readonly endpoint: string;
  /** For example `ListContainers`. */
  readonly rpc: string;
  /** How many were made so far. */
  readonly tries: number;
  /** How long until the next one, in milliseconds. */
  readonly delayMs: number;
  /** What the last of them failed with. */
  readonly error: unknown;
}

/** Something that has happened to a client's connection to its runtime. */
export interface ConnectionDiagnostics {
  /** The address of the runtime. */
  readonly endpoint: string;
  /** Why it has ended, or was not made. */
  readonly error?: unknown;
  /** For how long calls fail without another dial, in milliseconds, unless the socket is replaced. */
  readonly waitMs?: number | undefined;
}

/** Held here, because Node forgets channels that nobody holds. */
export const channels = {
  rpc: tracingChannel<unknown, RpcDiagnostics>(diagnosticsChannels.rpc),
  session: tracingChannel<unknown, SessionDiagnostics>(diagnosticsChannels.session),
  logs: tracingChannel<unknown, LogDiagnostics>(diagnosticsChannels.logs),
  retry: channel(diagnosticsChannels.retry),
  connect: channel(diagnosticsChannels.connect),
  refused: channel(diagnosticsChannels.refused),
  disconnect: channel(diagnosticsChannels.disconnect),
};

type Heard = Record<
  "start" | "end" | "asyncStart" | "asyncEnd" | "error",
  { readonly hasSubscribers: boolean }
>;

/** The first versions of Node 20 cannot say it of a tracing channel as a whole. */
export function isHeard({ start, end, asyncStart, asyncEnd, error }: Heard): boolean {
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}
