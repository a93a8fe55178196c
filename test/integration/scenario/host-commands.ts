import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { pipeline } from "node:stream/promises";
import type { FakeCommand } from "crikit/testing";

const programs = new Set(["cat", "head", "ps", "sh", "sleep", "true", "wc"]);

/** The commands of the scenarios that any machine has as well. */
export function isHostCommand([program = ""]: readonly string[]): boolean {
  return programs.has(program);
}

/** A script for the fake runtime: runs the command on this machine, in a process group of its own. */
export async function runOnHost(command: FakeCommand): Promise<number> {
  const { argv, container, stdin, stdout, stderr, signal, killed } = command;
  const [program = "", ...rest] = argv;
  const { workingDir, envs } = container.config;
  const child = spawn(program, rest, {
    detached: true,
    cwd: workingDir || "/",
    env: {
      PATH: process.env.PATH,
      ...Object.fromEntries(envs.map(({ key, value }) => [key, Buffer.from(value).toString()])),
    },
  });
  const end = (name: NodeJS.Signals) => () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, name);
  };
  const endings = [
    [signal, end("SIGTERM")],
    [killed, end("SIGKILL")],
  ] as const;
  for (const [when, listener] of endings) when.addEventListener("abort", listener, { once: true });
  try {
    const exited = once(child, "exit");
    const outputs = Promise.allSettled([pipeline(child.stdout, stdout), pipeline(child.stderr, stderr)]);
    pipeline(stdin, child.stdin).catch(() => {});
    const [code, name] = await exited;
    await outputs;
    return code ?? 128 + constants.signals[name as NodeJS.Signals];
  } finally {
    for (const [when, listener] of endings) when.removeEventListener("abort", listener);
  }
}
