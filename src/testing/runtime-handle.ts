import { readFile } from "node:fs/promises";
import type { Rollback } from "../async/rollback.js";
import { CriError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { ImageSource } from "./image-source.js";
import { type ImportedImage, importThrough } from "./import-image.js";
import type { NetworkClaim } from "./network-claim.js";
import { rootOf } from "./purge.js";
import type { RuntimeProcess } from "./runtime-process.js";
import { scratchDirectory } from "./temporary-directory.js";

export const defaultTimeoutMs = 30_000;

/** How the daemon is ended, and how long the next one may take. */
export interface RestartOptions {
  /** Kills the daemon, as a crash would end it; otherwise it is told to end. */
  readonly kill?: boolean | undefined;
  /** Gives up the start: no daemon serves then, until the next restart. */
  readonly signal?: AbortSignal | undefined;
  /** How long the new daemon may take until it serves, in milliseconds; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
}

/** A private runtime. Dispose ends it and removes all that was made in it. */
export interface RuntimeHandle extends AsyncDisposable {
  /** For `connect()`: `unix:///tmp/crikit-.../cri.sock`. */
  readonly endpoint: string;
  /** Where it keeps images and containers. */
  readonly root: string;
  /** The daemon's process; another one after a restart. */
  readonly pid: number;
  /** The bridge and the subnet of its pods. */
  readonly network: { readonly bridge: string; readonly subnet: string };
  /** Brings in an image without a registry. */
  importImage(source: ImageSource, options?: CallOptions): Promise<ImportedImage>;
  /**
   * Ends the daemon and starts another one in its place, at the same endpoint: for tests of what a node's
   * runtime does now and then. Containers run on, connections break. Throws when the new one does not serve.
   */
  restart(options?: RestartOptions): Promise<void>;
  /** What the daemons have logged so far; the whole of it after dispose. */
  log(): Promise<string>;
}

interface Started {
  readonly daemon: RuntimeProcess;
  readonly claim: NetworkClaim;
  readonly endpoint: string;
  readonly logPath: string;
  /** How to undo what was done so far. */
  readonly rollback: Rollback;
}

/** Hands a started runtime to its owner. */
export function ownRuntime({ daemon, claim, endpoint, logPath, rollback }: Started): RuntimeHandle {
  let lastLog: string | undefined;
  rollback.add("keep the log", async () => {
    lastLog = await readFile(logPath, "utf8");
  });
  rollback.add("end the daemon", () => daemon.stop());
  let disposed: Promise<void> | undefined;
  // The last restart: another one, and dispose, come after it, however it went.
  let settled: Promise<unknown> = Promise.resolve();
  return {
    endpoint,
    root: rootOf(claim.directory),
    get pid() {
      return daemon.pid;
    },
    network: { bridge: claim.bridge, subnet: claim.subnet },
    async importImage(source, options) {
      // There it goes with all else when this process is killed.
      await using scratch = await scratchDirectory(claim.directory);
      return await importThrough(scratch.path, endpoint, source, options);
    },
    async restart(options = {}) {
      if (disposed) throw new CriError("closed", "The runtime was disposed of");
      const restarted = settled.then(() => restart(daemon, options));
      settled = restarted.catch(() => {});
      await restarted;
    },
    log: async () => lastLog ?? readFile(logPath, "utf8"),
    [Symbol.asyncDispose]: () => {
      disposed ??= settled.then(() => undoAll(rollback));
      return disposed;
    },
  };
}

async function restart(daemon: RuntimeProcess, options: RestartOptions): Promise<void> {
  const { kill = false, timeoutMs = defaultTimeoutMs, signal } = options;
  signal?.throwIfAborted();
  await daemon.stop(kill ? "SIGKILL" : "SIGTERM");
  await daemon.start({ timeoutMs, signal });
}

async function undoAll(rollback: Rollback): Promise<void> {
  const failures = await rollback.run();
  if (failures.length === 0) return;
  const what = failures.map(({ description }) => description).join(", ");
  throw new AggregateError(
    failures.map(({ error }) => error),
    `The runtime was not wholly removed: failed to ${what}`,
  );
}
