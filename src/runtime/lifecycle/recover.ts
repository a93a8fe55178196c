import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { readExitFile } from "../adapters/conmon/conmon.js";
import { unmountBelow } from "../adapters/mounts.js";
import { identifyProcess } from "../adapters/process.js";
import type { LifecycleDeps } from "../deps.js";
import type { ContainerRecord } from "../state/container-record.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { timestampNow } from "../state/time.js";
import { collectLayers } from "./collect-layers.js";
import { findMonitor, requireHandler } from "./oci-container.js";
import { discardContainer, endContainerProcesses } from "./release-container.js";
import { discardSandbox } from "./release-sandbox.js";
import { stopSandbox } from "./stop-sandbox.js";

/**
 * Makes records and facts agree after a daemon has died at any moment: what was being made is undone, what
 * was being removed or stopped is finished. What ran goes on, and `Exits` finds what has ended since.
 */
export async function recover(deps: LifecycleDeps): Promise<void> {
  for (const { name, id } of deps.sandboxes.list()) deps.sandboxNames.reserve(name, id);
  for (const { name, id } of deps.containers.list()) deps.containerNames.reserve(name, id);
  await forEach(deps, deps.containers.list(), (record) => recoverContainer(deps, record));
  await forEach(deps, deps.sandboxes.list(), (record) => recoverSandbox(deps, record));
  await sweepNetwork(deps);
  await clearStrays(deps, deps.paths.containerRecords, deps.containers);
  await clearStrays(deps, deps.paths.sandboxRecords, deps.sandboxes);
  await clearStrays(deps, deps.paths.containerState, deps.containers);
  await clearStrays(deps, deps.paths.sandboxState, deps.sandboxes);
  await collectLayers(deps);
}

async function recoverContainer(deps: LifecycleDeps, record: ContainerRecord): Promise<void> {
  const sandbox = deps.sandboxes.get(record.sandboxId);
  const removing = record.step === "making" || record.step === "removing";
  if (removing || !sandbox || sandbox.step === "removing") return discardContainer(deps, record);
  if (record.step === "starting") return recoverStart(deps, record, sandbox);
}

async function recoverSandbox(deps: LifecycleDeps, record: SandboxRecord): Promise<void> {
  if (record.step === "making" || record.step === "removing") return discardSandbox(deps, record);
  if (record.step === "stopping") return stopSandbox(deps, record);
}

/** Frees addresses and host ports of pods that no record knows. */
async function sweepNetwork({ cni, sandboxes, log }: LifecycleDeps): Promise<void> {
  try {
    await cni.sweep((id) => sandboxes.get(id) !== undefined);
  } catch (error) {
    log.error("Could not free what is held in the network", { error });
  }
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
  const exit = await readExitFile(deps.paths.exits, id);
  const state = await requireHandler(deps, sandbox.handler).runc.state(id);
  if (exit) {
    await deps.containers.update(id, { step: undefined, startedAt: exit.finishedAt.toString() });
  } else if (monitor && state?.status === "running") {
    const init = record.init ?? (await identifyProcess(state.pid));
    await deps.containers.update(id, { step: undefined, init, monitor, startedAt: timestampNow() });
  } else {
    await endContainerProcesses(deps, record);
    await deps.containers.update(id, { step: undefined, init: undefined, monitor: undefined });
  }
}

/** Removes directories that no record knows: the last that was left of something removed. */
async function clearStrays(
  deps: LifecycleDeps,
  directory: string,
  records: { get(id: string): unknown },
): Promise<void> {
  const strays = (await readdir(directory).catch(() => [])).filter((id) => !records.get(id));
  await forEach(
    deps,
    strays.map((id) => ({ id })),
    async ({ id }) => {
      const path = join(directory, id);
      await unmountBelow(path);
      await rm(path, { recursive: true, force: true });
    },
  );
}

/** One object that cannot be recovered must not keep the daemon from serving the others. */
async function forEach<T extends { id: string }>(
  { log }: LifecycleDeps,
  items: T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  await Promise.all(
    items.map((item) => work(item).catch((error) => log.error("Could not recover", { id: item.id, error }))),
  );
}
