import { CriError } from "../../errors.js";

/** Thrown when a program could not be run or ended with anything but 0. Its message is the program's last words. */
export class CommandError extends CriError {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Undefined when the program was killed or did not run. */
  readonly exitCode: number | undefined;
  /** What killed the program. */
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    message: string,
    options: Pick<CommandError, "command" | "exitCode" | "signal" | "stdout" | "stderr"> & {
      cause?: unknown;
    },
  ) {
    super("internal", message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "CommandError";
    this.command = options.command;
    this.exitCode = options.exitCode;
    this.signal = options.signal;
    this.stdout = options.stdout;
    this.stderr = options.stderr;
  }
}
