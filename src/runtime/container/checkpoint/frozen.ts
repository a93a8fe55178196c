import { Rollback } from "../../../async/rollback.js";
import { CriError } from "../../../errors.js";
import type { RuntimeDeps } from "../../deps.js";
import { thaw, undoCheckpoint } from "../../lifecycle/end-checkpoint.js";
import { exclusively, requireHandler } from "../../lifecycle/oci-container.js";
import { checkReleased, runUndo } from "../../lifecycle/release-container.js";
import { type ContainerRecord, containerState } from "../../state/container-record.js";

/** A container to write down, and what doing so makes on the disk. */
export interface Frozen {
  record: ContainerRecord;
  paths: string[];
}

/**
 * Does the work while all of these containers are paused, and lets them run on then, however it ends. When it
 * fails, what it has made on the disk is removed. For callers that hold the sandbox's lock.
 */
export async function whileFrozen(
  deps: RuntimeDeps,
  all: readonly Frozen[],
  work: () => Promise<void>,
): Promise<void> {
  const undo = new Rollback();
  try {
    for (const { record, paths } of all) {
      await deps.containers.update(record.id, { checkpoint: { paths } });
      undo.add(`undo the checkpoint of ${record.id}`, () =>
        undoCheckpoint(deps, { ...record, checkpoint: { paths } }),
      );
      await freeze(deps, record);
    }
    await work();
  } catch (error) {
    await runUndo(deps, undo, all.map(({ record }) => record.id).join(", "));
    throw error;
  }
  const resume = new Rollback();
  for (const { record } of all) {
    resume.add("let the processes run on", async () => {
      await thaw(deps, record);
      await deps.containers.update(record.id, { checkpoint: undefined });
    });
  }
  checkReleased(
    await runUndo(deps, resume, all.map(({ record }) => record.id).join(", ")),
    "what was paused",
  );
}

export function requireCheckpointable(record: ContainerRecord): void {
  const state = record.step ?? containerState(record);
  const why =
    state !== "running"
      ? `is ${state}: only one that runs has a checkpoint`
      : record.ownerMapping && "has a user namespace: a checkpoint of it could not be restored";
  if (why) throw new CriError("failed_precondition", `Container ${record.id} ${why}`);
}

async function freeze(deps: RuntimeDeps, { id, sandboxId }: ContainerRecord): Promise<void> {
  const { runc } = requireHandler(deps, deps.sandboxes.get(sandboxId)?.handler ?? "");
  await exclusively(deps, id, () => runc.pause(id));
}
