import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { forEachOf } from "../../async/for-each-of.js";
import { removeBridge } from "../adapters/cni/bridge.js";
import { removeMasquerade } from "../adapters/cni/masquerade.js";
import { unmountBelow } from "../adapters/mounts.js";
import type { RuntimeConfig } from "../config.js";
import type { LifecycleDeps } from "../deps.js";
import { lockName } from "./claim.js";
import { discardContainer } from "./release-container.js";
import { discardSandbox } from "./release-sandbox.js";
import { endStray, findStrays } from "./strays.js";

/** Each waits for programs and for the kernel, most of the time. */
const atOnce = 8;

/**
 * Removes everything that a runtime has made, and its directories. Goes on past failing steps; true when
 * none failed. Repeating it does no harm.
 */
export async function purge(
  deps: LifecycleDeps,
  config: RuntimeConfig,
  cgroupParent: string,
): Promise<boolean> {
  let clean = true;
  const step = async (description: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      clean = false;
      deps.log.error(`Could not ${description}`, { error });
    }
  };
  await forEachOf(deps.containers.list(), atOnce, ({ id }) =>
    step(`remove container ${id}`, () => discardContainer(deps, { id })),
  );
  await forEachOf(deps.sandboxes.list(), atOnce, ({ id }) =>
    step(`remove sandbox ${id}`, () => discardSandbox(deps, { id })),
  );
  for (const id of await findStrays(deps, () => false)) {
    await step(`end ${id}`, () => endStray(deps, id));
  }
  await step("free what is held in the network", () => deps.cni.sweep(() => false));
  if (config.cniConfDir === undefined) {
    const { bridge } = config;
    await step("remove the network's rules", () => removeMasquerade({ bridge }));
    await step("remove the bridge", () => removeBridge(bridge));
  }
  await step("remove the control group", () => deps.cgroups.remove(cgroupParent));
  for (const directory of [config.state, config.root]) {
    await step(`unmount below ${directory}`, () => unmountBelow(directory));
    // One directory at a time: what is mounted and could not be unmounted keeps only its own.
    for (const name of await readdir(directory).catch(() => [])) {
      // The last to go: until then no daemon may start here.
      if (name === lockName) continue;
      await step(`remove ${name}`, () => rm(join(directory, name), { recursive: true, force: true }));
    }
    await step(`remove ${directory}`, () => rm(directory, { recursive: true, force: true }));
  }
  return clean;
}
