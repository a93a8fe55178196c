import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** A server in a process of its own, on a socket in a directory of its own. */
export interface BenchServer extends AsyncDisposable {
  readonly path: string;
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
}

/** Starts a program of `bench/` that gets the socket and the number of containers, says when it listens, and ends as `untilInputEnds` does. */
export async function startServer(
  program = "support/canned-server.ts",
  { containers = 0 } = {},
): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-bench-"));
  const path = join(directory, "bench.sock");
  const file = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const server = spawn(process.execPath, ["--import", "tsx", file, path, String(containers)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  await Promise.race([once(server.stdout, "data"), exited]);
  return {
    path,
    process: server,
    async [Symbol.asyncDispose]() {
      server.stdin.end();
      await exited;
    },
  };
}
