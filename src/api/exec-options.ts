import type { CallOptions } from "../services/call-options.js";

/** How to run a command, and what to make of its output. */
export interface ExecOptions extends CallOptions {
  /**
   * How long the command may run, in milliseconds, rounded up to whole seconds; no limit unless told. At the
   * end of it the runtime kills the command and the call throws a `DeadlineError`.
   */
  timeoutMs?: number | undefined;
  /** Throw a `NonZeroExitError` when the command ends with a code other than 0. */
  check?: boolean | undefined;
  /**
   * What the command gets as its input, to its end; none unless told. With it the command runs in a session:
   * at the end of `timeoutMs`, or on an abort, not every runtime kills it.
   */
  stdin?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** `utf8` for text, the default, or `buffer` for bytes. */
  encoding?: "utf8" | "buffer" | undefined;
}

/** What a command has said, and how it ended. */
export interface ExecResult<Output extends string | Buffer = string> {
  /** The command's own code; 128 and more: ended by signal (code - 128). */
  readonly exitCode: number;
  /** All of its output, at most 16 MiB. */
  readonly stdout: Output;
  /** All of its error output, at most 16 MiB. */
  readonly stderr: Output;
}

/** The same, in bytes. */
export type ExecOutput = ExecResult<Buffer>;
