import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { CriError } from "../errors.js";
import type { ApiContext } from "./context.js";
import type { ExecOptions, ExecOutput } from "./exec-options.js";
import { spawnSession } from "./spawn.js";

/** As much as ExecSync can answer. */
const maxOutputBytes = 16 * 1024 * 1024;

/** Runs a command by a session, which unlike the ExecSync RPC can give it an input. */
export async function execBySession(
  context: ApiContext,
  containerId: string,
  command: readonly string[],
  options: ExecOptions,
): Promise<ExecOutput> {
  const { stdin = "", signal, timeoutMs, headers } = options;
  await using session = await spawnSession(context, containerId, command, {
    stdin: true,
    signal,
    timeoutMs,
    headers,
  });
  const input = typeof stdin === "string" || stdin instanceof Uint8Array ? [Buffer.from(stdin)] : stdin;
  // A command may end without reading its input: what it answers counts.
  const fed = pipeline(Readable.from(input), session.stdin).catch(() => {});
  const [stdout, stderr, { exitCode }] = await Promise.all([
    collect(session.stdout),
    collect(session.stderr),
    session.exited,
  ]);
  session.stdin.destroy();
  await fed;
  return { exitCode, stdout, stderr };
}

async function collect(output: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of output) {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) {
      throw new CriError("resource_exhausted", "The output is longer than 16 MiB");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
