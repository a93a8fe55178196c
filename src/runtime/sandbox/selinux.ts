import type { PodSandboxConfig } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { checkPolicy } from "../selinux-labels.js";
import { checkSelinuxOptions, withOwnLevel, withSelinuxOptions } from "../spec/selinux.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { recordWithHostPorts } from "./host-ports.js";

/** Writes the record of a pod that is about to be made, with the labels that it gets where labels are given. */
export async function recordWithLabels(
  deps: RuntimeDeps,
  record: SandboxRecord,
  config: PodSandboxConfig,
): Promise<SandboxRecord> {
  const { selinux, sandboxes, containers, locks } = deps;
  const options = config.linux?.securityContext?.selinuxOptions;
  checkSelinuxOptions(options);
  if (!selinux) {
    await recordWithHostPorts(deps, record);
    return record;
  }
  // Of two pods made at one time each must see the other's level.
  return locks.run("selinux levels", async () => {
    const others = [...sandboxes.list(), ...containers.list()].flatMap((other) => other.selinux ?? []);
    const labels = withSelinuxOptions(withOwnLevel(selinux.defaults, others), options);
    await checkPolicy(selinux, labels);
    const labelled = { ...record, selinux: labels };
    await recordWithHostPorts(deps, labelled);
    return labelled;
  });
}
