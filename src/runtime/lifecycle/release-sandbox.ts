import { rm } from "node:fs/promises";

import { Rollback, type RollbackFailure } from "../../async/rollback.js";
import type { LifecycleDeps } from "../deps.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { endOciContainer, whenFreed } from "./oci-container.js";
import { checkReleased, runUndo, unmountFiles } from "./release-container.js";

/**
 * Frees everything that a sandbox may hold but its record, whatever step its making had reached. Goes on past
 * failing steps and returns them; repeating it tries them again.
 */
export function releaseSandbox(deps: LifecycleDeps, record: SandboxRecord): Promise<RollbackFailure[]> {
  const paths = deps.paths.sandbox(record.id);
  const undo = new Rollback();
  // A directory with a mount left in it stays: what is mounted is not ours to delete.
  undo.add("remove the sandbox directory", async () => {
    await deps.tmpfs.unmount(paths.shm);
    await rm(paths.directory, { recursive: true, force: true });
  });
  // What the stop has freed it has freed for good: nothing is started in a stopped sandbox.
  if (record.stoppedAt === undefined) addStopSteps(deps, record, undo);
  return runUndo(deps, undo, record.id);
}

/**
 * Removes a sandbox, whatever state it is in, but not its containers. What could not be freed is named by the
 * error, and the record stays so that a later call can finish it.
 */
export async function discardSandbox(deps: LifecycleDeps, { id }: { id: string }): Promise<void> {
  const record = await deps.sandboxes.update(id, { step: "removing" });
  checkReleased(await releaseSandbox(deps, record), `sandbox ${id}`);
  try {
    await deps.sandboxes.remove(id);
  } finally {
    // Without its record it is gone; a directory that stays is cleared away by the next start.
    if (!deps.sandboxes.get(id)) deps.sandboxNames.release(record.name, id);
  }
}

/**
 * Ends the pause process, and frees the shared memory, the network with its address, and the file systems of the
 * containers, which have ended by then: none of them can be started again.
 */
export function stopSandboxParts(deps: LifecycleDeps, record: SandboxRecord): Promise<RollbackFailure[]> {
  const undo = new Rollback();
  addStopSteps(deps, record, undo);
  return runUndo(deps, undo, record.id);
}

function addStopSteps(deps: LifecycleDeps, record: SandboxRecord, undo: Rollback): void {
  const { id, netns, userns, metadata, portMappings } = record;
  const paths = deps.paths.sandbox(id);
  const mounts = [{ description: "unmount the shared memory", undo: () => deps.tmpfs.unmount(paths.shm) }];
  const users = [{ description: "end the pause process", undo: () => endPauseProcess(deps, record) }];
  for (const container of deps.containers.list().filter(({ sandboxId }) => sandboxId === id)) {
    const unmount = async () => {
      await whenFreed(deps, container.id);
      await unmountFiles(deps, container);
    };
    mounts.push({ description: `unmount the files of container ${container.id}`, undo: unmount });
  }
  if (userns) {
    const remove = () => deps.netns.remove(paths.userns);
    mounts.push({ description: "remove the user namespace", undo: remove });
  }
  if (netns !== undefined) {
    mounts.push({ description: "remove the network namespace", undo: () => deps.netns.remove(netns) });
    const leave = () => deps.cni.remove({ id, netns, pod: metadata, portMappings });
    // First, as it takes longest.
    users.unshift({ description: "leave the network", undo: leave });
  }
  undo.addTogether(...mounts);
  undo.addTogether(...users);
}

/** Kills the pause process, if it is left, and frees what is held for it. */
export function endPauseProcess(deps: LifecycleDeps, record: SandboxRecord): Promise<void> {
  const { id, handler, cgroupParent, monitor, pause } = record;
  const { directory: bundle } = deps.paths.sandbox(id);
  return endOciContainer(deps, { id, handler, bundle, cgroupParent, monitor, hasBegun: pause !== undefined });
}
