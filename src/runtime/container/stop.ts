import type { StopContainerRequest } from "../../proto.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
import { requireHandler } from "../lifecycle/oci-container.js";
import { endContainerProcesses } from "../lifecycle/release-container.js";
import { required } from "../required.js";
import { type ContainerRecord, containerState } from "../state/container-record.js";
import { findById } from "../state/ids.js";
import { signalNumber } from "./stop-signal.js";

/** Timers of Node hold no more: a good three weeks. */
const longestGraceMs = 2 ** 31 - 1;

/**
 * Asks the container to end and kills it when the grace period is over; without one at once. Resolves when
 * it has ended. An absent container, and one that does not run, is done.
 */
export async function stopContainer(
  deps: RuntimeDeps,
  request: StopContainerRequest,
  { signal }: UseCaseOptions = {},
): Promise<void> {
  const record = findById(deps.containers, required(request.containerId, "container_id"), "container");
  if (!record) return;
  const { id, sandboxId } = record;
  const graceMs = Math.min(Number(request.timeout) * 1000, longestGraceMs);
  // A start under way is let through first. The wait itself must not hold up a second, more urgent stop.
  const asked = graceMs > 0 && (await deps.locks.run(sandboxId, () => askToEnd(deps, id)));
  if (asked && (await endsWithin(deps, id, graceMs, signal))) return;
  await deps.locks.run(sandboxId, async () => {
    const current = deps.containers.get(id);
    if (current) await stopContainerNow(deps, current, { signal });
  });
}

/** Kills a container and waits for its end. For callers that hold the sandbox's lock. */
export async function stopContainerNow(
  deps: RuntimeDeps,
  record: ContainerRecord,
  { signal }: UseCaseOptions = {},
): Promise<void> {
  if (containerState(record) !== "running") return;
  // A removal that failed half-way: nobody looks for its exit any more.
  if (record.step === "removing") return endContainerProcesses(deps, record);
  await deps.containers.update(record.id, { isKilled: true });
  await kill(deps, record);
  await deps.exits.wait(record.id, { signal });
}

/** By its control group, which takes no program, where its init is a process of the node's in that group. */
async function kill(deps: RuntimeDeps, record: ContainerRecord): Promise<void> {
  const { id, cgroupParent, init } = record;
  const { cgroups } = deps;
  const pids = cgroups.pids(cgroups.containerGroup(cgroupParent, id));
  if (init && pids.includes(init.pid)) await cgroups.signalKill(cgroupParent, id);
  else await handlerOf(deps, record).runc.kill(id, "SIGKILL");
}

/** True when the container runs and has been told. */
async function askToEnd(deps: RuntimeDeps, id: string): Promise<boolean> {
  const record = deps.containers.get(id);
  if (!record || containerState(record) !== "running") return false;
  await handlerOf(deps, record).runc.kill(id, signalNumber(record.stopSignal));
  return true;
}

async function endsWithin(
  deps: RuntimeDeps,
  id: string,
  graceMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const grace = new AbortController();
  const timer = setTimeout(() => grace.abort(), graceMs);
  const signals = signal ? [grace.signal, signal] : [grace.signal];
  try {
    await deps.exits.wait(id, { signal: AbortSignal.any(signals) });
    return true;
  } catch (error) {
    if (signal?.aborted || !grace.signal.aborted) throw error;
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function handlerOf(deps: RuntimeDeps, record: ContainerRecord) {
  return requireHandler(deps, deps.sandboxes.get(record.sandboxId)?.handler ?? "");
}
