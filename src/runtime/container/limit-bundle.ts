import type { Runc } from "../adapters/runc/runc.js";
import type { RuntimeDeps } from "../deps.js";
import { containerOomScoreAdj, ociResources } from "../spec/resources.js";
import { specHost } from "../spec-inputs.js";
import type { ContainerRecord } from "../state/container-record.js";
import { containerResources } from "./status.js";

/** Writes the limits that were set since the container was created into its bundle. */
export async function limitBundle(
  deps: RuntimeDeps,
  runc: Runc,
  { record, bundle }: { record: ContainerRecord; bundle: string },
): Promise<void> {
  const spec = await runc.readBundle(bundle);
  const resources = containerResources(record);
  const host = specHost(deps);
  await runc.writeBundle(bundle, {
    ...spec,
    process: { ...spec.process, oomScoreAdj: containerOomScoreAdj(resources, host) },
    linux: {
      ...spec.linux,
      resources: { ...ociResources(resources, host), devices: spec.linux.resources?.devices },
    },
  });
}
