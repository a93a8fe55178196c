import type { Runc } from "../adapters/runc/runc.js";
import type { RuntimeDeps } from "../deps.js";
import { withLimits } from "../spec/resources.js";
import { specHost } from "../spec-inputs.js";
import type { ContainerRecord } from "../state/container-record.js";
import { containerResources } from "./resources.js";

/** Writes the limits that were set since the container was created into its bundle. */
export async function limitBundle(
  deps: RuntimeDeps,
  runc: Runc,
  { record, bundle }: { record: ContainerRecord; bundle: string },
): Promise<void> {
  const spec = await runc.readBundle(bundle);
  await runc.writeBundle(bundle, withLimits(spec, containerResources(record), specHost(deps)));
}
