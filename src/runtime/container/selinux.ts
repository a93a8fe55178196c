import type { ContainerConfig } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import type { SelinuxLabels } from "../oci.js";
import { checkPolicy } from "../selinux-labels.js";
import type { MountSources } from "../spec/bind-mount.js";
import { checkRelabel, checkSelinuxOptions, withSelinuxOptions } from "../spec/selinux.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

/** The pod's labels with what the container asks for laid over them; undefined in a pod that has none. */
export async function containerLabels(
  { selinux }: Pick<RuntimeDeps, "selinux">,
  config: ContainerConfig,
  { selinux: ofPod }: SandboxRecord,
): Promise<SelinuxLabels | undefined> {
  const options = config.linux?.securityContext?.selinuxOptions;
  checkSelinuxOptions(options);
  if (!ofPod) return undefined;
  const labels = withSelinuxOptions(ofPod, options);
  if (selinux) await checkPolicy(selinux, labels);
  return labels;
}

/** What of the host is to get the container's label, because a mount asks for that. Throws where it must not. */
export function pathsToRelabel({ mounts }: ContainerConfig, sources: MountSources): string[] {
  return mounts.flatMap(({ selinuxRelabel, image, hostPath }, index) => {
    // The files of an image have the label by their mount.
    if (!selinuxRelabel || image) return [];
    const path = sources.get(index)?.path ?? hostPath;
    checkRelabel(`config.mounts[${index}]`, hostPath, path);
    return [path];
  });
}
