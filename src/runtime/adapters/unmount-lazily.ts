import { type Deferred, deferred } from "../../async/deferred.js";
import { isMountPoint } from "./mounts.js";
import { runCommand } from "./run-command.js";

/** A matter of milliseconds. */
const timeoutMs = 10_000;

const asked = new Map<string, Deferred<void>>();

/**
 * Takes a mount out of sight; who still has something of it open keeps the rest. What is asked for in one turn of
 * the event loop takes one program, as the mounts of a pod go at the same time.
 */
export function unmountLazily(path: string): Promise<void> {
  const known = asked.get(path);
  if (known) return known.promise;
  if (asked.size === 0) setImmediate(unmountAsked);
  const done = deferred<void>();
  asked.set(path, done);
  return done.promise;
}

async function unmountAsked(): Promise<void> {
  const all = [...asked];
  asked.clear();
  const failed = await umount(all.map(([path]) => path)).then(
    () => false,
    () => true,
  );
  // It goes on past those that fail; alone it says which of them did, and why.
  const askAgain = async (path: string) => {
    if (failed && (await isMountPoint(path))) await umount([path]);
  };
  for (const [path, { resolve, reject }] of all) askAgain(path).then(resolve, reject);
}

async function umount(paths: string[]): Promise<void> {
  await runCommand("umount", ["--lazy", ...paths], { timeoutMs, dropStdout: true });
}
