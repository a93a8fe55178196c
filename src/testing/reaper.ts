import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import type { Readable } from "node:stream";

/** How the reaper's own lines begin. As part of its script, also how to tell it from the daemon below it. */
export const reaperName = "crikit-reaper:";

// Runs the command, outlives it, and ends when our end of its input is closed. When that was because we were
// killed, it first waits for the one who removes the directory.
const supervise = `
trap : PIPE
"$@" &
echo "${reaperName} started $!"
wait $!
echo "${reaperName} ended $?"
read -r _
while [ -d "$0" ]; do sleep 0.1; done
`;

// Without catatonit the daemon alone is run: it says itself what it lacks.
const underReaper = `
command -v catatonit >/dev/null || { echo "${reaperName} started $$"; exec "$@"; }
exec catatonit -- sh -c '${supervise}' "$0" "$@"
`;

/** Where Debian and Ubuntu have had catatonit, beside PATH. */
const moreDirectories = ["/usr/libexec/podman", "/usr/libexec/crio"];

export interface Reaper {
  /** What the command prints, and lines of the reaper's own. */
  readonly output: Readable | null;
  /** The exit code, when command and reaper have ended; rejects when they could not be run. */
  readonly exited: Promise<number | null>;
  /** Lets it end, for when the directory is gone, and waits for that. */
  close(): Promise<void>;
}

/**
 * Runs a command under a reaper: catatonit, as a subreaper, inherits the monitors of containers and whatever
 * else is orphaned below it, and reaps them when they end. In a container the first process often does not.
 */
export function spawnReaper(
  command: readonly string[],
  { directory, stderr }: { directory: string; stderr: number },
): Reaper {
  const path = [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...moreDirectories];
  const child = spawn("sh", ["-c", underReaper, directory, ...command], {
    stdio: ["pipe", "pipe", stderr],
    // A session of its own: Ctrl-C in a terminal must not end the daemon before our clean-up has used it.
    detached: true,
    env: { ...process.env, PATH: path.join(delimiter) },
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  // It may have ended before we close it.
  child.stdin?.on("error", () => {});
  return {
    output: child.stdout,
    exited,
    async close() {
      child.stdin?.end();
      await exited.catch(() => {});
    },
  };
}
