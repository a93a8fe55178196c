import { forEachOf } from "../../async/for-each-of.js";
import type { LifecycleDeps } from "../deps.js";
import type { Identified, RecordStore } from "../state/store.js";
import { collectLayers } from "./collect-layers.js";
import { listHeld } from "./held.js";
import { recoverContainer } from "./recover-container.js";
import { recoverSandbox } from "./recover-sandbox.js";
import { clearStray, endStray, findStrays } from "./strays.js";

/** Each may start a few programs: more at a time than there are processors gain nothing. */
const atOnce = 8;

/**
 * Makes records and facts agree after a daemon has died at any moment, or the host has: what was being made is
 * undone, what was being removed or stopped is finished, what no record knows is freed. What ran goes on, and
 * `Exits` finds what has ended since.
 */
export async function recover(deps: LifecycleDeps): Promise<void> {
  const { sandboxes, containers } = deps;
  for (const store of [sandboxes, containers]) {
    for (const [id, error] of store.unreadable) deps.log.error("Could not read a record", { id, error });
  }
  await each(deps, sandboxes.list(), async ({ name, id }) => deps.sandboxNames.reserve(name, id));
  await each(deps, containers.list(), async ({ name, id }) => deps.containerNames.reserve(name, id));
  const held = await listHeld(deps);
  await each(deps, containers.list(), (record) => recoverContainer(deps, record, held));
  await each(deps, sandboxes.list(), (record) => recoverSandbox(deps, record, held));
  const strays = (
    await findStrays(deps, (id) => isRecorded(sandboxes, id) || isRecorded(containers, id))
  ).map((id) => ({ id }));
  await each(deps, strays, ({ id }) => endStray(deps, id));
  await sweepNetwork(deps);
  await each(deps, strays, ({ id }) => clearStray(deps, id));
  await collectLayers(deps);
}

/** A record that cannot be read is one all the same. */
function isRecorded<T extends Identified>(store: RecordStore<T>, id: string): boolean {
  return store.get(id) !== undefined || store.unreadable.has(id);
}

/** Frees addresses and host ports of pods that no record knows. */
async function sweepNetwork({ cni, sandboxes, log }: LifecycleDeps): Promise<void> {
  try {
    await cni.sweep((id) => isRecorded(sandboxes, id));
  } catch (error) {
    log.error("Could not free what is held in the network", { error });
  }
}

/** One object that cannot be recovered must not keep the daemon from serving the others. */
async function each<T extends { id: string }>(
  { log }: LifecycleDeps,
  items: T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  await forEachOf(items, atOnce, (item) =>
    work(item).catch((error) => log.error("Could not recover", { id: item.id, error })),
  );
}
