import type { Readable, Writable } from "node:stream";

import type { ContainerConfig } from "../../proto.js";
import type { TerminalSize } from "../../wire/channels.js";

/** One run of a scripted command, as its handler sees it. */
export interface FakeCommand {
  /** The command line: the program, then its arguments. */
  readonly argv: readonly string[];
  /** Where it runs: environment and working directory are in the configuration. */
  readonly container: { readonly id: string; readonly podId: string; readonly config: ContainerConfig };
  /** Ended at once where the client sends nothing. */
  readonly stdin: Readable;
  /** What is written here is the command's output. */
  readonly stdout: Writable;
  /** The same as `stdout` on a terminal. */
  readonly stderr: Writable;
  /** A terminal was asked for. What it would do to the bytes is left to the handler. */
  readonly tty: boolean;
  /** Told of each size of the client's terminal, the last one at once. */
  onResize(listener: (size: TerminalSize) => void): void;
  /** Aborts when the command is to end: its container is stopped, its client gone, its time up. */
  readonly signal: AbortSignal;
  /** Aborts when its grace period is over as well: whatever it returns from now on, the exit code is 137. */
  readonly killed: AbortSignal;
}

/**
 * Plays a command; what it returns is the exit code, nothing is 0. A handler that throws ends with 1 and the
 * error's message on the error output, or with 143 once its signal has aborted.
 */
export type FakeCommandHandler = (
  command: FakeCommand,
) => number | undefined | Promise<number | undefined> | void | Promise<void>;

/** A program with any arguments, the whole command line, or a question to ask of it. */
export type CommandPattern = string | readonly string[] | ((argv: readonly string[]) => boolean);

/** The scripted commands. Of several that match, the last one counts. */
export class Commands {
  readonly #scripts: { pattern: CommandPattern; handler: FakeCommandHandler }[] = [];

  add(pattern: CommandPattern, handler: FakeCommandHandler): void {
    this.#scripts.unshift({ pattern, handler });
  }

  find(argv: readonly string[]): FakeCommandHandler | undefined {
    return this.#scripts.find(({ pattern }) => matches(pattern, argv))?.handler;
  }
}

function matches(pattern: CommandPattern, argv: readonly string[]): boolean {
  if (typeof pattern === "string") return argv[0] === pattern;
  if (typeof pattern === "function") return pattern(argv);
  return pattern.length === argv.length && pattern.every((word, index) => word === argv[index]);
}
