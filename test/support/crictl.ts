import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { crictlPath } from "../left-out.js";

/** What crictl is told of where the runtime is, before a command. */
export function crictlFlags(endpoint: string, args: readonly string[]): string[] {
  return ["-r", endpoint, "-i", endpoint, ...args];
}

/** Runs a command of crictl's to its end. */
export async function runCrictl(endpoint: string, args: readonly string[], input?: string | Buffer) {
  const child = spawn(crictlPath, crictlFlags(endpoint, args), { stdio: "pipe" });
  if (input !== undefined) child.stdin.end(input);
  const [out, err, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { out, err, exitCode };
}
