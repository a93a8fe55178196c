import { rm } from "node:fs/promises";

import { allDone } from "../../async/all-done.js";
import { Rollback, type RollbackFailure } from "../../async/rollback.js";
import { CriError } from "../../errors.js";
import type { LifecycleDeps } from "../deps.js";
import type { ContainerRecord } from "../state/container-record.js";
import { collectLayers } from "./collect-layers.js";
import { endOciContainer } from "./oci-container.js";

/**
 * Frees everything that a container may hold but its record, whatever step its making had reached. Goes on
 * past failing steps and returns them; repeating it tries them again.
 */
export function releaseContainer(deps: LifecycleDeps, record: ContainerRecord): Promise<RollbackFailure[]> {
  const { id } = record;
  const undo = new Rollback();
  // What cannot be unmounted keeps its directory: removing it would reach through.
  undo.add("remove the file systems and the bundle", async () => {
    await unmountFiles(deps, record);
    await rm(deps.paths.container(id).directory, { recursive: true, force: true });
  });
  undo.add("end the processes", () => endContainerProcesses(deps, record));
  return runUndo(deps, undo, id);
}

/** Unmounts what `mountFiles` has mounted. Not mounted: done. */
export async function unmountFiles(
  { overlay, paths }: LifecycleDeps,
  { id, imageVolumes = [] }: ContainerRecord,
): Promise<void> {
  const { rootfs, imageVolume } = paths.container(id);
  const targets = [...imageVolumes.map(({ mount }) => imageVolume(mount)), rootfs];
  await allDone(targets.map((target) => overlay.unmount(target)));
}

/**
 * Removes a container, whatever state it is in, and the layers that only it still used. What could not be freed
 * is named by the error, and the record stays so that a later call can finish it.
 */
export async function discardContainer(deps: LifecycleDeps, { id }: { id: string }): Promise<void> {
  const record = await deps.containers.update(id, { step: "removing" });
  checkReleased(await releaseContainer(deps, record), `container ${id}`);
  try {
    await deps.containers.remove(id);
  } finally {
    // Without its record it is gone; a directory that stays is cleared away by the next start.
    if (!deps.containers.get(id)) deps.containerNames.release(record.name, id);
  }
  await collectLayers(deps);
}

export function checkReleased(failures: RollbackFailure[], what: string): void {
  if (failures.length === 0) return;
  const parts = failures.map(({ description, error }) => {
    return `could not ${description} (${error instanceof Error ? error.message : String(error)})`;
  });
  throw new CriError("internal", `Not all of ${what} was freed: ${parts.join("; ")}`, {
    cause: new AggregateError(failures.map(({ error }) => error)),
  });
}

/** Kills the container's processes, if any are left, and frees what is held for them. */
export function endContainerProcesses(deps: LifecycleDeps, record: ContainerRecord): Promise<void> {
  return endOciContainer(deps, {
    id: record.id,
    handler: deps.sandboxes.get(record.sandboxId)?.handler ?? "",
    bundle: deps.paths.container(record.id).directory,
    cgroupParent: record.cgroupParent,
    monitor: record.monitor,
    hasBegun: record.startedAt !== undefined,
  });
}

export async function runUndo(
  { log }: Pick<LifecycleDeps, "log">,
  undo: Rollback,
  id: string,
): Promise<RollbackFailure[]> {
  const failures = await undo.run();
  for (const { description, error } of failures) log.warn(`Could not ${description}`, { id, error });
  return failures;
}
