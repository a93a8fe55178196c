import { spawn } from "node:child_process";
import { basename } from "node:path";

import { CriError } from "../../errors.js";

export interface RunCommandOptions {
  cwd?: string | undefined;
  /** Replaces the environment; the daemon's own unless given. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Written to the standard input, which is empty otherwise. */
  input?: string | undefined;
  /** Kills the program; the signal's own reason is thrown. */
  signal?: AbortSignal | undefined;
  /** Kills the program when it is not done after this time. No limit unless given. */
  timeoutMs?: number | undefined;
}

export interface CommandOutput {
  stdout: string;
  stderr: string;
}

/** Thrown when a program could not be run or ended with anything but 0. */
export class CommandError extends CriError {
  constructor(
    message: string,
    readonly command: readonly string[],
    readonly exitCode: number | undefined,
    readonly stdout: string,
    readonly stderr: string,
    cause?: unknown,
  ) {
    super("internal", message, { cause });
    this.name = "CommandError";
  }
}

/** Runs a program to its end and gives what it printed. The output is kept in memory: not for big ones. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: RunCommandOptions = {},
): Promise<CommandOutput> {
  options.signal?.throwIfAborted();
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  let timedOut = false;
  const timer = setTimer(options.timeoutMs, () => {
    timedOut = true;
    kill();
  });
  options.signal?.addEventListener("abort", kill, { once: true });
  try {
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    // A program may end without reading its input; its exit code tells more than the broken pipe.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
    const { exitCode, killedBy, error } = await new Promise<Ended>((resolve) => {
      child.once("error", (cause) => resolve({ exitCode: null, killedBy: null, error: cause }));
      child.once("close", (code, signalName) => resolve({ exitCode: code, killedBy: signalName }));
    });
    options.signal?.throwIfAborted();
    if (exitCode === 0) return output;
    const why = timedOut
      ? `not done after ${options.timeoutMs} ms`
      : error
        ? error.message
        : lastLine(output.stderr) || (killedBy ? `killed by ${killedBy}` : `exit code ${exitCode}`);
    throw new CommandError(
      `${basename(file)}: ${why}`,
      [file, ...args],
      exitCode ?? undefined,
      output.stdout,
      output.stderr,
      error,
    );
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", kill);
  }
}

interface Ended {
  exitCode: number | null;
  killedBy: NodeJS.Signals | null;
  error?: Error;
}

function setTimer(ms: number | undefined, run: () => void): NodeJS.Timeout | undefined {
  return ms === undefined ? undefined : setTimeout(run, ms);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
