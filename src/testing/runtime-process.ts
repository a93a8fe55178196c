import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { CriError } from "../errors.js";

export interface RuntimeProcessOptions {
  readonly args: readonly string[];
  /** The file that the daemon's standard error goes to. */
  readonly logPath: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface RuntimeProcess {
  readonly pid: number;
  /** Ends the daemon and waits until it is gone. Its containers stay. */
  stop(): Promise<void>;
}

const readyLine = "crikit-runtime: listening on ";
const stopGraceMs = 10_000;

/** Starts the daemon and waits until it serves. Throws with the last words of its log when it does not. */
export async function startRuntimeProcess(options: RuntimeProcessOptions): Promise<RuntimeProcess> {
  options.signal?.throwIfAborted();
  const log = await open(options.logPath, "a");
  // A session of its own: Ctrl-C in a terminal must not end the daemon before our clean-up has used it.
  const child = spawn(process.execPath, options.args, {
    stdio: ["ignore", "pipe", log.fd],
    detached: true,
  });
  const exited = once(child, "exit").catch(() => undefined);
  try {
    await ready(child, options);
  } catch (error) {
    await stop(child, exited, "SIGKILL");
    throw error;
  } finally {
    await log.close();
  }
  return { pid: child.pid ?? 0, stop: () => stop(child, exited, "SIGTERM") };
}

function ready(child: ChildProcess, options: RuntimeProcessOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const settle = (result: () => void) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      result();
    };
    const fail = (what: string) =>
      settle(() => {
        lastLines(options.logPath).then((lines) => {
          reject(new CriError("failed_precondition", `crikit-runtime ${what}. Its last words:\n${lines}`));
        }, reject);
      });
    const onAbort = () => settle(() => reject(options.signal?.reason));
    const timer = setTimeout(() => fail(`did not serve within ${options.timeoutMs} ms`), options.timeoutMs);
    options.signal?.addEventListener("abort", onAbort);
    child.once("error", (error) => settle(() => reject(error)));
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? `code ${code}`} instead of serving`));
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      printed += chunk;
      if (printed.split("\n").some((line) => line.startsWith(readyLine))) settle(resolve);
    });
  });
}

async function stop(child: ChildProcess, exited: Promise<unknown>, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), stopGraceMs);
  await exited;
  clearTimeout(timer);
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, "utf8");
  return text.trimEnd().split("\n").slice(-10).join("\n") || "(nothing)";
}
