import { readExitFile } from "../adapters/conmon/conmon.js";
import { identifyProcess } from "../adapters/process.js";
import type { LifecycleDeps } from "../deps.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { timestampNow } from "../state/time.js";
import { undoCheckpoint } from "./end-checkpoint.js";
import { finishUpdate } from "./finish-update.js";
import { findMonitor, requireHandler } from "./oci-container.js";
import { discardContainer, endContainerProcesses } from "./release-container.js";

/** Makes the record of one container and the facts agree. `held` is for whose processes something is held. */
export async function recoverContainer(
  deps: LifecycleDeps,
  record: ContainerRecord,
  held: ReadonlySet<string>,
): Promise<void> {
  const { id, step, sandboxId } = record;
  if (step === "making" || step === "removing") return discardContainer(deps, record);
  const sandbox = deps.sandboxes.get(sandboxId);
  if (!sandbox && deps.sandboxes.unreadable.has(sandboxId)) return;
  if (!sandbox || isUnmade(sandbox)) return discardContainer(deps, record);
  if (step === "starting") return recoverStart(deps, record, sandbox);
  if (record.checkpoint) await undoCheckpoint(deps, record);
  if (record.update) await recoverUpdate(deps, record);
  // Its end was recorded, but what was held for it was not freed.
  if (containerState(record) === "exited" && held.has(id)) await endContainerProcesses(deps, record);
}

/** Its containers go with it: of a pod that is made from a checkpoint some may be there already. */
function isUnmade({ step }: SandboxRecord): boolean {
  return step === "making" || step === "removing";
}

/** New limits that the kernel refuses are no reason to do without the container. */
async function recoverUpdate(deps: LifecycleDeps, record: ContainerRecord): Promise<void> {
  await finishUpdate(deps, record).catch((error) => {
    deps.log.warn("An update of limits was undone", { id: record.id, error });
  });
}

/** A start that went through is kept; any other is undone, so that the container can be started again. */
async function recoverStart(
  deps: LifecycleDeps,
  record: ContainerRecord,
  sandbox: SandboxRecord,
): Promise<void> {
  const { id } = record;
  const bundle = deps.paths.container(id).directory;
  const monitor = await findMonitor({ ...record, handler: sandbox.handler, bundle });
  const exit = readExitFile(deps.paths.exits, id);
  const state = await requireHandler(deps, sandbox.handler).runc.state(id);
  if (exit) {
    await deps.containers.update(id, { step: undefined, monitor, startedAt: exit.finishedAt.toString() });
  } else if (state?.status === "running" || state?.status === "paused") {
    const init = record.init ?? (await identifyProcess(state.pid));
    await deps.containers.update(id, { step: undefined, init, monitor, startedAt: timestampNow() });
  } else {
    await endContainerProcesses(deps, record);
    await deps.containers.update(id, { step: undefined, init: undefined, monitor: undefined });
  }
}
