import { once } from "node:events";
import { PassThrough, type Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";

import { abortable } from "../async/abort.js";
import { deferred } from "../async/deferred.js";
import { CriError, UnavailableError } from "../errors.js";
import { parseStatus, type TerminalSize } from "../wire/channels.js";
import type { Channels } from "./channels.js";

/** How the command of a session has ended. */
export interface SessionExit {
  /** As the command said, or 128 and the number of the signal that ended it. */
  readonly exitCode: number;
}

/** After the last byte of output the status follows at once, unless the runtime has lost it. */
const statusGraceMs = 10_000;
/** The same the other way round. Runtimes close the connection by themselves, most of them at once. */
const outputGraceMs = 10_000;
const endOfInput = "\x04";

/**
 * A live command, as `child_process.spawn` gives one. Read both outputs: one that is left unread holds up the
 * whole session once buffers are full. Leaving the loop over one of them ends the session, as `close()` and
 * disposing of it do.
 */
export class Session implements AsyncDisposable {
  /** `end()` closes the command's input, the outputs go on. Closed from the start unless asked for. */
  readonly stdin: Writable;
  /** The command's output, held up while nobody reads it. */
  readonly stdout: Readable;
  /** Empty with a terminal, which has one output for both. */
  readonly stderr: Readable;
  /**
   * How the command has ended. Rejects when it could not be started, with an `UnavailableError` when the
   * connection was lost or `close()` came first.
   */
  readonly exited: Promise<SessionExit>;
  readonly #channels: Channels;

  /** @internal */
  constructor(channels: Channels, { tty, signal }: { tty: boolean; signal?: AbortSignal | undefined }) {
    this.#channels = channels;
    this.stdin = channels.stdin ? (tty ? terminalInput(channels.stdin) : channels.stdin) : closedInput();
    this.stdout = channels.stdout ?? emptyOutput();
    this.stderr = channels.stderr ?? emptyOutput();
    // What cannot be done to the input ends the session: the command would wait for it for ever.
    const failed = once(this.stdin, "error").then(([error]) => Promise.reject(error));
    const exit = Promise.race([readExit(channels, [this.stdout, this.stderr]), failed]);
    this.exited = abortable(exit, signal);
    for (const output of [this.stdout, this.stderr]) {
      // Left before its end, as by a break: nobody wants what the command goes on to say.
      output.once("close", () => {
        if (!output.readableEnded) channels.close();
      });
    }
    const outputs = [channels.stdout, channels.stderr].filter((output) => output !== undefined);
    const over = this.exited.then(() => outputsOver(outputs));
    // Whoever never asks how it ended must not be ended by it.
    over.catch(() => {}).finally(() => channels.close());
  }

  /** Tells the terminal's size. Without a terminal nothing happens. */
  resize(size: TerminalSize): void {
    this.#channels.resize(size);
  }

  /** Ends the session. Not every runtime ends the command with it: containerd 1.6 lets it run on. */
  async close(): Promise<void> {
    this.#channels.close();
    await this.exited.catch(() => {});
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function readExit(channels: Channels, outputs: readonly Readable[]): Promise<SessionExit> {
  const timer = new AbortController();
  try {
    const text = await Promise.race([channels.status, statusMissing(outputs, timer.signal)]);
    if (text === "") throw new UnavailableError("The session ended without a word on how the command did");
    const status = parseStatus(text);
    if (status.kind === "exit") return { exitCode: status.exitCode };
    throw new CriError("unknown", `The session failed: ${status.message}`);
  } finally {
    timer.abort();
  }
}

/** containerd never tells how a command ended that left much of its input unread. */
async function statusMissing(outputs: readonly Readable[], signal: AbortSignal): Promise<never> {
  await eachClosed(outputs);
  return new Promise((_, reject) => {
    const timer = setTimeout(() => {
      reject(
        new UnavailableError(
          `The outputs have ended and no exit code came within ${statusGraceMs} ms: it is unknown`,
        ),
      );
    }, statusGraceMs);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

/** A runtime may tell the exit code before the end of what the command said. But nobody needs to read that. */
async function outputsOver(outputs: readonly Readable[]): Promise<void> {
  const enough = deferred<void>();
  const timer = setTimeout(enough.resolve, outputGraceMs).unref();
  await Promise.race([eachClosed(outputs), enough.promise]);
  clearTimeout(timer);
}

async function eachClosed(outputs: readonly Readable[]): Promise<void> {
  await Promise.all(outputs.map((output) => finished(output, { writable: false }).catch(() => {})));
}

/** On a terminal the end of input is a character: closing the channel would take the output with it. */
function terminalInput(channel: Writable): Writable {
  return new Writable({
    write: (chunk, encoding, done) => void channel.write(chunk, encoding, done),
    final: (done) => void channel.write(endOfInput, done),
    destroy(error, done) {
      // Without an error it has ended as it should, and the channel stays: closing it would take the output.
      if (error) channel.destroy(error);
      done(error);
    },
  });
}

function closedInput(): Writable {
  const input = new PassThrough();
  input.end();
  input.resume();
  return input;
}

function emptyOutput(): Readable {
  const output = new PassThrough();
  output.end();
  return output;
}
