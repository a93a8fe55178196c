import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";

import type { SessionStatus } from "../wire/channels.js";
import { Resizes } from "./resizes.js";
import type { SessionIo } from "./streaming-runtime.js";

/** A session's channels as a protocol has opened them. */
export interface OpenChannels {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly resize: Readable | undefined;
  /** Aborts when the connection has gone. */
  readonly signal: AbortSignal;
}

/**
 * Has the runtime do its work on a session's channels, and gives its status once every byte of output is
 * written. What the runtime throws is a status as well.
 */
export async function runSession(
  channels: OpenChannels,
  work: (io: SessionIo) => Promise<SessionStatus>,
): Promise<SessionStatus> {
  const { stdin, stdout, stderr, resize, signal } = channels;
  const resizes = new Resizes();
  resize?.on("data", (chunk: Buffer) => resizes.read(chunk)).on("error", () => {});
  for (const channel of [stdin, stdout, stderr]) channel?.on("error", () => {});
  const onResize: SessionIo["onResize"] = (listener) => resizes.listen(listener);
  const status = await work({ stdin, stdout, stderr, onResize, signal }).catch(failure);
  await Promise.all([endOutput(stdout), endOutput(stderr)]);
  // A client that is still sending must not be held up: it would never come to read the status.
  stdin?.resume();
  return status;
}

function failure(error: unknown): SessionStatus {
  return { kind: "failure", message: error instanceof Error ? error.message : String(error) };
}

/** Resolves once all of it is on its way, or nobody takes it any more. */
export async function endOutput(output: Writable | undefined, last?: string): Promise<void> {
  if (!output || output.destroyed) return;
  output.end(last);
  await finished(output, { readable: false }).catch(() => {});
}
