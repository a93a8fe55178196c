import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** A client's command line, and the file that it reads as its input. */
export interface ClientCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly input?: string | undefined;
}

/** What a client cost as a whole process, from its start to its end. */
export interface ClientCost extends Record<string, number> {
  readonly ms: number;
  /** The most memory that it held at a time, in MB. */
  readonly peak: number;
}

/** Runs a client to its end, with its output to /dev/null. What it says on stderr is given to `check`. */
export async function runClient(
  { program, args, input = "/dev/null" }: ClientCommand,
  check: (said: string) => void = () => {},
): Promise<ClientCost> {
  const stdin = await open(input);
  try {
    const start = performance.now();
    const child = spawn(program, args, { stdio: [stdin.fd, "ignore", "pipe"] });
    if (!child.stderr) throw new Error("A pipe is missing");
    const ended = once(child, "close");
    const [peak, said] = await Promise.all([peakMemory(child), text(child.stderr)]);
    const [exitCode] = await ended;
    const ms = performance.now() - start;
    if (exitCode !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${exitCode}: ${said}`);
    check(said);
    return { ms, peak };
  } finally {
    await stdin.close();
  }
}

/** Looks at a process until it ends. The kernel keeps the peak itself, so no moment is missed but the last. */
async function peakMemory(child: ChildProcess): Promise<number> {
  const exited = once(child, "exit");
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peak = (await memoryPeak(child.pid)) ?? peak;
    await Promise.race([exited, sleep(20)]);
  }
  return peak;
}

/** The most memory that a process has held so far, in MB; undefined when it has ended. */
export async function memoryPeak(pid: number | undefined): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1000;
}
