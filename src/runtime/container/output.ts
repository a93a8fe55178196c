import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

import { abortable } from "../../async/abort.js";
import { CriError } from "../../errors.js";

export interface CollectedOutput {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
}

/** What one gRPC message of the usual size can carry. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Reads both outputs of a program to their ends, with its exit code. Throws when one grows too big for an
 * answer; rejects with the signal's reason. The program is the caller's to kill.
 */
export async function collectOutput(child: ChildProcess, signal: AbortSignal): Promise<CollectedOutput> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new CriError("internal", "The program has no output pipes");
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signalName) => resolve(code ?? (signalName === null ? 0 : 255)));
  });
  const all = Promise.all([ended, read(stdout, "stdout"), read(stderr, "stderr")]);
  try {
    const [exitCode, out, err] = await abortable(all, signal);
    return { exitCode, stdout: out, stderr: err };
  } finally {
    // Another process may hold the other ends open: do not keep ours for its sake.
    all.catch(() => {});
    stdout.destroy();
    stderr.destroy();
  }
}

async function read(pipe: Readable, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of pipe) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new CriError(
        "resource_exhausted",
        `The command wrote more than ${maxBytes / 1024 / 1024} MiB to ${name}: use Exec for so much output`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
