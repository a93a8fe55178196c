import type { Duplex, Readable, Writable } from "node:stream";

import type { SessionStatus, TerminalSize } from "../wire/channels.js";

/** What a session of Exec or Attach was asked to have. */
export interface SessionRequest {
  readonly containerId: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface ExecSessionRequest extends SessionRequest {
  readonly command: readonly string[];
}

export interface PortForwardRequest {
  readonly podSandboxId: string;
  /** For clients whose protocol names no port by itself. */
  readonly ports: readonly number[];
}

/** The client's side of a session. A channel that was not asked for is undefined. */
export interface SessionIo {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Told of each new size of the client's terminal, the last one before the call at once. */
  onResize(listener: (size: TerminalSize) => void): void;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/** What a runtime does behind its streaming URLs. */
export interface StreamingRuntime {
  /** Runs a command. Resolves once it has ended and its output is handed over. */
  exec(request: ExecSessionRequest, io: SessionIo): Promise<SessionStatus>;
  /** Joins a container's own process. Resolves when that has ended, or the client's input has. */
  attach(request: SessionRequest, io: SessionIo): Promise<SessionStatus>;
  /**
   * Carries bytes between a client and a port of the pod until both have ended. Rejects when nobody listens:
   * the client is told the message. What it writes to the stream it may change when that write is done.
   */
  portForward(podSandboxId: string, port: number, stream: Duplex): Promise<void>;
}
