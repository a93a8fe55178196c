import { lstat, mkdir } from "node:fs/promises";

import { KeyedLock } from "../async/keyed-lock.js";
import { Rollback } from "../async/rollback.js";
import { CriError } from "../errors.js";
import { checkCgroups } from "./adapters/cgroups/check.js";
import { makeRoomInRoot } from "./adapters/cgroups/make-room.js";
import { checkOverlay } from "./adapters/overlay/probe.js";
import { openSelinux } from "./adapters/selinux/selinux.js";
import { compose } from "./compose.js";
import { type RuntimeConfig, resolveConfig, socketPath } from "./config.js";
import { claim } from "./lifecycle/claim.js";
import { endOrphans } from "./lifecycle/end-orphans.js";
import { makeMonitorRoom } from "./lifecycle/monitor-room.js";
import { purge } from "./lifecycle/purge.js";
import { recover } from "./lifecycle/recover.js";
import { type AdjustableLogger, createStderrLogger, type Logger } from "./log.js";
import { checkPrivileges } from "./privileges.js";
import { findPrograms } from "./programs.js";
import { checkHandlersInUse, planReload } from "./reload.js";
import { listen } from "./server/listen.js";
import { socketGroup } from "./socket-group.js";

export type { HandlerConfig, RuntimeConfig, SelinuxMode } from "./config.js";
export { defaultConfig } from "./config.js";
export type { LogFields, LogFormat, Logger, LogLevel } from "./log.js";

/** What a runtime in this process is given beside its configuration. */
export interface RuntimeOptions {
  /** Gets the runtime's messages; unless given they go to the standard error. */
  log?: Logger;
}

/** A CRI runtime in this process. */
export interface Runtime {
  /** Where it is to be served: `unix:///...`. */
  readonly endpoint: string;
  /**
   * Takes up what an earlier daemon left, then serves. Throws when a program is missing, when another daemon
   * works on the same root, state or socket, and when a newer crikit-runtime has made the root.
   */
  listen(): Promise<void>;
  /**
   * Puts another configuration in force, as far as that can be done while serving: docs/runtime-config.md says
   * for each key. Calls under way are not touched. What has changed, and what needs a restart, is logged. When
   * it throws, the configuration before stays in force.
   */
  reload(config: Partial<RuntimeConfig>): Promise<void>;
  /** Stops serving. Containers run on, for the next daemon on the same root to find. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a runtime. Needs root, Linux, and the programs that `listen` looks for.
 *
 * @example
 * ```ts no-run It would serve from /run and keep its state in /var/lib.
 * const runtime = createRuntime({ listen: "unix:///run/mine/cri.sock", root: "/var/lib/mine", state: "/run/mine" });
 * await runtime.listen();
 * ```
 */
export function createRuntime(config: Partial<RuntimeConfig> = {}, options: RuntimeOptions = {}): Runtime {
  const resolved = resolveConfig(config);
  const path = socketPath(resolved);
  const log = options.log ?? createStderrLogger(resolved.logLevel, resolved.logFormat);
  let started: Promise<Serving> | undefined;
  const reloads = new KeyedLock();
  return {
    endpoint: resolved.listen,
    async listen() {
      started ??= start(resolved, path, log);
      await started;
    },
    async reload(next) {
      if (!started)
        throw new CriError("failed_precondition", "The runtime does not serve yet: call listen first");
      const serving = await started;
      await reloads.run("", () => serving.reload(resolveConfig(next)));
    },
    async close() {
      await (await started?.catch(() => undefined))?.close();
    },
  };
}

/** How long calls whose clients were cut off may undo what they had begun. */
const cleanUpMs = 5000;

interface Serving {
  reload(next: RuntimeConfig): Promise<void>;
  close(): Promise<void>;
}

async function start(config: RuntimeConfig, path: string, log: Logger | AdjustableLogger): Promise<Serving> {
  const undo = new Rollback();
  const close = async () => {
    for (const { description, error } of await undo.run()) log.warn(`Could not ${description}`, { error });
  };
  try {
    await checkPrivileges();
    const programs = await findPrograms(config);
    await checkCgroups();
    const selinux = config.selinux === "label" ? await openSelinux() : undefined;
    const gid = await socketGroup(config);
    const claimed = await claim(config, { socket: true });
    undo.add("release the root", () => claimed.release());
    await endOrphans(claimed.config.state);
    const moved = await makeRoomInRoot();
    if (moved > 0) log.info("Processes were moved to the control group init, to make room", { moved });
    const composed = await compose(claimed.config, programs, { log, selinux });
    const { deps, exits, events, calls, streaming, routes } = composed;
    if (deps.host.selinux && !selinux) {
      log.warn("This host has SELinux, and containers get no labels of it: see the key selinux");
    }
    await checkOverlay(claimed.config.root);
    await makeMonitorRoom(deps);
    await recover(deps);
    undo.add("stop looking for exits", () => exits.close());
    await exits.start();
    undo.add("end the sessions", () => streaming.close());
    await streaming.listen();
    undo.add("let the calls clean up", () => calls.end(cleanUpMs));
    const listening = await listen(path, routes, { gid });
    undo.add("stop serving", () => listening.close());
    undo.add("end the streams of events", () => events.close());
    let current = config;
    return {
      close,
      async reload(next) {
        const { config, changed, needRestart } = planReload(current, next);
        checkHandlersInUse(deps, config);
        const { root, state } = claimed.config;
        await composed.reload({ ...config, root, state }, await findPrograms(config));
        current = config;
        if ("level" in log) log.level = config.logLevel;
        log.info("The configuration was read again", { changed, needRestart });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Ends and removes everything that a runtime on these directories has made, and the directories. Resolves to
 * false when a step failed; it is logged, the others are done. Throws when a daemon works on the root or the state.
 *
 * @example
 * ```ts no-run It would remove what lies in /var/lib.
 * await purgeRuntime({ root: "/var/lib/mine", state: "/run/mine" });
 * ```
 */
export async function purgeRuntime(
  config: Partial<RuntimeConfig>,
  options: RuntimeOptions = {},
): Promise<boolean> {
  const resolved = resolveConfig(config);
  const log = options.log ?? createStderrLogger(resolved.logLevel, resolved.logFormat);
  await checkPrivileges();
  const programs = await findPrograms(resolved);
  const claimed = await claim(resolved, { socket: false });
  try {
    await endOrphans(claimed.config.state);
    const { deps } = await compose(claimed.config, programs, { log });
    const clean = await purge(deps, claimed.config, deps.cgroupParent);
    for (const key of ["root", "state"] as const) await keepLinked(resolved[key], claimed.config[key]);
    return clean;
  } finally {
    await claimed.release();
  }
}

/** A link is its owner's choice of a disk: what it leads to stays, empty, for the next daemon. */
async function keepLinked(given: string, real: string): Promise<void> {
  if ((await lstat(given).catch(() => undefined))?.isSymbolicLink()) await mkdir(real, { recursive: true });
}
