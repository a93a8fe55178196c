import { type FSWatcher, watch } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { abortable } from "../../async/abort.js";
import { type Deferred, deferred } from "../../async/deferred.js";
import { forEachOf } from "../../async/for-each-of.js";
import { KeyedLock } from "../../async/keyed-lock.js";
import type { ExitSource, LifecycleDeps } from "../deps.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import type { RecordedProcess, SandboxRecord } from "../state/sandbox-record.js";
import type { Timestamp } from "../state/time.js";
import { type Ending, findEnding } from "./ending.js";
import { HangingMonitors } from "./hanging-monitors.js";
import { isHeld, listIds } from "./held.js";
import { freeOciContainer } from "./oci-container.js";

/** The kernel's queue of watch events can overflow without a word: the directory is read as well. */
const rescanMs = 3000;
/** Of those that have ended, each may start a few programs. */
const checksAtOnce = 16;
/** Monitors write to temporary names in the same directory first. */
const idPattern = /^[0-9a-f]{64}$/;

/** Turns the monitors' exit files into records, and tells who waits. */
export class Exits implements ExitSource {
  readonly #deps: LifecycleDeps;
  readonly #waiting = new Map<string, Set<Deferred<void>>>();
  readonly #handling = new KeyedLock();
  readonly #hanging = new HangingMonitors();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: LifecycleDeps) {
    this.#deps = deps;
  }

  /** Watches first and reads the directory then, so that no exit falls between. */
  async start(): Promise<void> {
    this.#watcher = watch(this.#deps.paths.exits, (_event, name) => {
      if (name && idPattern.test(name)) void this.#checkLogged(name);
    });
    this.#watcher.on("error", (error) => {
      this.#deps.log.error("Cannot watch for exits any more, only look for them now and then", { error });
    });
    await this.scan();
    this.#timer = setInterval(() => {
      this.scan().catch((error) => this.#deps.log.error("Could not look for exits", { error }));
    }, rescanMs);
    this.#timer.unref();
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  /** Looks at every exit file, at every monitor that should be alive, and at what is held still. */
  async scan(): Promise<void> {
    const { exits, persist } = this.#deps.paths;
    const traces = [...(await listIds(exits)), ...(await listIds(persist))];
    const running = [
      ...this.#deps.containers.list().filter((record) => containerState(record) === "running"),
      ...this.#deps.sandboxes.list().filter((record) => record.exitedAt === undefined),
    ].map(({ id }) => id);
    await forEachOf(new Set([...traces, ...running]), checksAtOnce, (id) => this.#checkLogged(id));
    this.#hanging.forgetAllBut(running);
    // What was removed by force has no exit to be found.
    for (const id of this.#waiting.keys()) if (this.#hasEnded(id)) this.#tell(id);
  }

  check(id: string): Promise<void> {
    const { containers, sandboxes, paths } = this.#deps;
    return this.#handling.run(id, async () => {
      const container = containers.get(id);
      const sandbox = sandboxes.get(id);
      if (container) return this.#checkContainer(container);
      if (sandbox) return this.#checkSandbox(sandbox);
      // It may be wanted once the record can be read again.
      if (containers.unreadable.has(id) || sandboxes.unreadable.has(id)) return;
      await rm(join(paths.exits, id), { force: true });
    });
  }

  async wait(id: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const waiter = deferred<void>();
    const waiters = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiters.add(waiter));
    try {
      // The end may have been told before this was asked.
      if (this.#hasEnded(id)) return;
      await abortable(waiter.promise, signal);
    } finally {
      waiters.delete(waiter);
      if (waiters.size === 0) this.#waiting.delete(id);
    }
  }

  #hasEnded(id: string): boolean {
    const container = this.#deps.containers.get(id);
    const sandbox = this.#deps.sandboxes.get(id);
    if (!container && !sandbox) return true;
    return (container?.finishedAt ?? sandbox?.exitedAt) !== undefined;
  }

  async #checkContainer(record: ContainerRecord): Promise<void> {
    // StartContainer looks for the end itself once it is through.
    if (record.step !== undefined || record.startedAt === undefined) return;
    const { id } = record;
    if (record.finishedAt === undefined) {
      const ending = await this.#findEnding(record, record.init);
      if (!ending) return;
      // File times are coarser than ours: nothing ends before it starts.
      const finishedAt = later(ending.finishedAt, record.startedAt);
      await this.#deps.containers.update(id, { ...ending, finishedAt });
    } else if (!isHeld(this.#deps, id)) return;
    const sandbox = this.#deps.sandboxes.get(record.sandboxId);
    await this.#free(record, sandbox?.handler ?? "", this.#deps.paths.container(id).directory);
  }

  async #checkSandbox(record: SandboxRecord): Promise<void> {
    if (record.step !== undefined) return;
    const { id } = record;
    if (record.exitedAt === undefined) {
      const ending = await this.#findEnding(record, record.pause);
      if (!ending) return;
      await this.#deps.sandboxes.update(id, { exitedAt: ending.finishedAt });
      this.#deps.log.warn("The pause process of a sandbox ended", { id, ...ending });
    } else if (!isHeld(this.#deps, id)) return;
    await this.#free(record, record.handler, this.#deps.paths.sandbox(id).directory);
  }

  /** A monitor that hangs counts as none. */
  async #findEnding(
    record: ContainerRecord | SandboxRecord,
    init: RecordedProcess | undefined,
  ): Promise<Ending | undefined> {
    const { id, monitor } = record;
    const hangs = await this.#hanging.isHanging({ id, init, monitor });
    return findEnding(this.#deps, hangs ? { ...record, monitor: undefined } : record);
  }

  /** The files of an end are removed only now that the record is on disk. */
  async #free(record: ContainerRecord | SandboxRecord, handler: string, bundle: string): Promise<void> {
    const { id, cgroupParent, monitor } = record;
    const killGroup = !("ownPidNamespace" in record && record.ownPidNamespace);
    const onNoneLeft = () => this.#tell(id);
    try {
      await freeOciContainer(this.#deps, {
        ...{ id, handler, bundle, cgroupParent, monitor },
        ...{ killGroup, onNoneLeft },
      });
    } finally {
      onNoneLeft();
    }
  }

  #tell(id: string): void {
    for (const waiter of this.#waiting.get(id) ?? []) waiter.resolve();
  }

  #checkLogged(id: string): Promise<void> {
    return this.check(id).catch((error) => {
      this.#deps.log.error("Could not record the end of a container", { id, error });
    });
  }
}

function later(a: Timestamp, b: Timestamp): Timestamp {
  return BigInt(a) > BigInt(b) ? a : b;
}
