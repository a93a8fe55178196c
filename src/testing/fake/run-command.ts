import { finished } from "node:stream/promises";

import { abortable } from "../../async/abort.js";
import type { FakeCommand, FakeCommandHandler } from "./commands.js";

const killedCode = 137;
const terminatedCode = 143;

/** Runs a handler to its exit code, with all its output handed over. Never rejects. */
export async function runCommand(handler: FakeCommandHandler, command: FakeCommand): Promise<number> {
  const { signal, killed, stdout, stderr } = command;
  try {
    const played = play(handler, command);
    played.catch(() => {});
    const exitCode = await abortable(played, killed);
    await Promise.all([flushed(stdout, killed), flushed(stderr, killed)]);
    return exitCode ?? 0;
  } catch (error) {
    if (killed.aborted) return killedCode;
    if (signal.aborted) return terminatedCode;
    if (stderr.writable) stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function play(handler: FakeCommandHandler, command: FakeCommand): Promise<number> {
  return (await handler(command)) ?? 0;
}

/** What was written without waiting is written. */
async function flushed(output: FakeCommand["stdout"], killed: AbortSignal): Promise<void> {
  if (output.writableEnded) {
    await finished(output, { readable: false, signal: killed });
  } else if (output.writable) {
    await new Promise<void>((resolve) => output.write("", () => resolve()));
  }
}
