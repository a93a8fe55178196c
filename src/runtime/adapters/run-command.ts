import { type ChildProcess, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { basename } from "node:path";

import { CommandError } from "./command-error.js";
import { helperEnvironment } from "./helper-environment.js";
import { packageOf } from "./packages.js";
import { programPath } from "./program-path.js";

export { CommandError } from "./command-error.js";

export interface RunCommandOptions {
  cwd?: string | undefined;
  /** What helpers get of the daemon's own environment unless given. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Written to the standard input, which is empty otherwise. */
  input?: string | undefined;
  /** Nobody wants what it prints unless it is an error: a pipe less to make. */
  dropStdout?: boolean;
  /** Kills the program and what it has started; the signal's own reason is thrown. */
  signal?: AbortSignal | undefined;
  /** Kills the program and what it has started when it is not done by then. No limit unless given. */
  timeoutMs?: number | undefined;
  /** Kills the program when it prints more than this, both outputs together. 16 MiB unless given. */
  maxOutputBytes?: number | undefined;
}

export interface CommandOutput {
  stdout: string;
  stderr: string;
}

const defaultMaxOutputBytes = 16 * 1024 * 1024;
/** How long something left behind by a program that has ended may keep its output open. */
const outputGraceMs = 250;

/** Runs a program to its end and gives what it printed. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: RunCommandOptions = {},
): Promise<CommandOutput> {
  const { signal, timeoutMs, maxOutputBytes = defaultMaxOutputBytes } = options;
  signal?.throwIfAborted();
  const child = spawn(programPath(file), args, {
    cwd: options.cwd,
    env: options.env ?? helperEnvironment(),
    stdio: [options.input === undefined ? "ignore" : "pipe", options.dropStdout ? "ignore" : "pipe", "pipe"],
    // A process group of its own, so that what it starts can be killed with it.
    detached: true,
  });
  let stopped: { why: string } | undefined;
  const stop = (why: string) => {
    stopped ??= { why };
    killGroup(child);
  };
  const onAbort = () => stop("aborted");
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs, `not done after ${timeoutMs} ms`);
  try {
    const output = readOutput(child, maxOutputBytes, () => stop(`printed more than ${maxOutputBytes} bytes`));
    // A program may end without reading its input; its exit code tells more than the broken pipe.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
    const end = await ended(child);
    const { stdout, stderr } = output();
    if (end.exitCode === 0 && !stopped) return { stdout, stderr };
    if (stopped) signal?.throwIfAborted();
    const why = stopped?.why ?? (await whyFailed(end, { file, cwd: options.cwd, stderr }));
    throw new CommandError(`${basename(file)}: ${why}`, {
      command: [file, ...args],
      exitCode: end.exitCode ?? undefined,
      signal: end.killedBy ?? undefined,
      stdout,
      stderr,
      cause: end.error,
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is not there yet, or not any more.
    child.kill("SIGKILL");
  }
}

function readOutput(child: ChildProcess, maxBytes: number, onExcess: () => void): () => CommandOutput {
  const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  let bytes = 0;
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) onExcess();
      else chunks[name].push(chunk);
    });
  }
  return () => ({
    stdout: Buffer.concat(chunks.stdout).toString("utf8"),
    stderr: Buffer.concat(chunks.stderr).toString("utf8"),
  });
}

interface Ended {
  exitCode: number | null;
  killedBy: NodeJS.Signals | null;
  error?: NodeJS.ErrnoException;
}

function ended(child: ChildProcess): Promise<Ended> {
  return new Promise<Ended>((resolve) => {
    child.once("error", (error) => resolve({ exitCode: null, killedBy: null, error }));
    child.once("close", (exitCode, killedBy) => resolve({ exitCode, killedBy }));
    child.once("exit", () => {
      const grace = setTimeout(() => {
        // The loop may have been held up for all that time: what is there is read first.
        setImmediate(() => {
          child.stdout?.destroy();
          child.stderr?.destroy();
        });
      }, outputGraceMs);
      child.once("close", () => clearTimeout(grace));
    });
  });
}

async function whyFailed(
  end: Ended,
  { file, cwd, stderr }: { file: string; cwd: string | undefined; stderr: string },
): Promise<string> {
  if (end.error?.code === "ENOENT") {
    // Node gives the same error for both.
    if (cwd !== undefined && !(await exists(cwd))) return `working directory ${cwd} does not exist`;
    const name = packageOf(basename(file));
    return `not found${name ? `: apt-get install ${name}` : `: no program ${file}`}`;
  }
  if (end.error) return end.error.message;
  const lastLine = stderr.trimEnd().split("\n").at(-1);
  return lastLine || (end.killedBy ? `killed by ${end.killedBy}` : `exit code ${end.exitCode}`);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
