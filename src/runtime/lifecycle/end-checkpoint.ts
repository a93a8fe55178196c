import { rm } from "node:fs/promises";

import { Rollback } from "../../async/rollback.js";
import type { LifecycleDeps } from "../deps.js";
import type { ContainerRecord } from "../state/container-record.js";
import { exclusively, requireHandler } from "./oci-container.js";
import { checkReleased, runUndo } from "./release-container.js";

/** Lets the processes run on that a checkpoint has paused. What has ended meanwhile needs nothing. */
export async function thaw(deps: LifecycleDeps, { id, sandboxId }: ContainerRecord): Promise<void> {
  const { runc } = requireHandler(deps, deps.sandboxes.get(sandboxId)?.handler ?? "");
  await exclusively(deps, id, async () => {
    if ((await runc.state(id))?.status === "paused") await runc.resume(id);
  });
}

/** Undoes a checkpoint that was not finished: nothing of it stays on the disk, the processes run on. */
export async function undoCheckpoint(deps: LifecycleDeps, record: ContainerRecord): Promise<void> {
  const { id, checkpoint } = record;
  const undo = new Rollback();
  for (const path of checkpoint?.paths ?? []) {
    undo.add(`remove ${path}`, () => rm(path, { recursive: true, force: true }));
  }
  undo.add("let the processes run on", () => thaw(deps, record));
  checkReleased(await runUndo(deps, undo, id), `the checkpoint of container ${id}`);
  await deps.containers.update(id, { checkpoint: undefined });
}
