import { CriError } from "../../errors.js";
import type { LifecycleDeps } from "../deps.js";
import type { ContainerRecord, LimitsUpdate } from "../state/container-record.js";
import { exclusively, requireHandler } from "./oci-container.js";

/**
 * Carries out the update of limits that a record holds. When it throws, the limits are those of before, in the
 * record and in the kernel.
 */
export async function finishUpdate(deps: LifecycleDeps, record: ContainerRecord): Promise<void> {
  const { id, update } = record;
  if (!update) return;
  try {
    await exclusively(deps, id, () => setLimits(deps, record, update));
  } catch (error) {
    await deps.containers.update(id, { update: undefined });
    throw error;
  }
  await deps.containers.update(id, { resources: update.resources, update: undefined });
}

/** Of a container that has ended meanwhile there is nothing to limit. */
async function setLimits(deps: LifecycleDeps, record: ContainerRecord, update: LimitsUpdate): Promise<void> {
  const { id, sandboxId, cgroupParent } = record;
  const { runc } = requireHandler(deps, deps.sandboxes.get(sandboxId)?.handler ?? "");
  const group = deps.cgroups.containerGroup(cgroupParent, id);
  try {
    await runc.update(id, update.limits);
    // runc passes over huge pages in an update.
    for (const { pageSize, limit } of update.limits.hugepageLimits ?? []) {
      deps.cgroups.limitHugepages(group, pageSize, limit);
    }
    if (update.oomScoreAdj !== undefined) deps.cgroups.setOomScoreAdj(group, update.oomScoreAdj);
  } catch (error) {
    const state = await runc.state(id);
    if (state === undefined || state.status === "stopped") return;
    const kept = deps.cgroups.restoreLimits(update.before);
    if (kept.length > 0) deps.log.warn("Limits could not be set back", { id, files: kept });
    throw refused(id, error);
  }
}

/** The kernel's say: a limit below what is in use, a processor that is not there. */
function refused(id: string, error: unknown): CriError {
  const why = error instanceof Error ? error.message : String(error);
  return new CriError("failed_precondition", `The limits of container ${id} stay as they were: ${why}`, {
    cause: error,
  });
}
