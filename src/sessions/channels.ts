import type { Readable, Writable } from "node:stream";

import type { TerminalSize } from "../wire/channels.js";

/** Which channels a session is to have: what the RPC was asked for. */
export interface ChannelRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The open channels of a session, whatever protocol carries them. */
export interface Channels {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** What the error channel said until its end; empty when the connection ended without a word. */
  readonly status: Promise<string>;
  /** Without a terminal nothing happens. */
  resize(size: TerminalSize): void;
  /** Ends the connection. */
  close(): void;
}
