import { mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";

import { Rollback } from "../../async/rollback.js";
import { CriError } from "../../errors.js";
import { lockFile } from "../adapters/file-lock.js";
import { type RuntimeConfig, socketPath } from "../config.js";
import { checkRootVersion, writeRootVersion } from "./root-version.js";

/** What is for one process alone, and is now ours. */
export interface Claim {
  /** The configuration with the real paths of the directories, as the kernel lists mounts. */
  config: RuntimeConfig;
  /** Resolves to what could not be given back. */
  release(): Promise<unknown[]>;
}

/** In root and in state. */
export const lockName = "lock";

/**
 * Makes this process the only one to work on the root and the state directory, and with `socket` the only one
 * to serve the socket. Throws when another process has one of them, naming it, and when the root is a newer
 * crikit-runtime's.
 */
export async function claim(config: RuntimeConfig, { socket }: { socket: boolean }): Promise<Claim> {
  const held = new Rollback();
  const release = async () => (await held.run()).map(({ error }) => error);
  try {
    await checkRootVersion(config.root);
    const root = await claimDirectory(held, config, "root");
    const state = await claimDirectory(held, config, "state");
    if (socket) await claimSocket(held, config);
    await writeRootVersion(root);
    return { config: { ...config, root, state }, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function claimDirectory(held: Rollback, config: RuntimeConfig, key: "root" | "state"): Promise<string> {
  // Containers' users pass through the root on their way to a root file system.
  await mkdir(config[key], { recursive: true, mode: key === "root" ? 0o711 : 0o700 });
  const directory = await realpath(config[key]);
  const lock = await lockFile(join(directory, lockName));
  if ("holder" in lock) throw inUse(key, config[key], lock.holder);
  held.add(`release ${directory}`, () => lock.release());
  return directory;
}

async function claimSocket(held: Rollback, config: RuntimeConfig): Promise<void> {
  const path = socketPath(config);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = await lockFile(`${path}.lock`);
  if ("holder" in lock) throw inUse("listen", path, lock.holder);
  held.add(`release ${path}`, () => lock.release({ remove: true }));
}

function inUse(key: "root" | "state" | "listen", path: string, holder: number | undefined): CriError {
  const what = { root: "Root", state: "State directory", listen: "Socket" }[key];
  return new CriError(
    "failed_precondition",
    `${what} ${path} is in use by process ${holder ?? "unknown"}: stop that crikit-runtime or choose another --${key}`,
  );
}
