import { CriError } from "../../errors.js";
import { MountPropagation } from "../../proto.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadVolumeMount } from "../manifest/schema/volume.js";
import type { MountInit } from "../translate/container-config.js";
import { expand, missingVariables } from "../translate/expand.js";
import type { PodVolumes } from "./pod-volumes.js";

export interface MountParts {
  readonly volumes: PodVolumes;
  readonly env: ReadonlyMap<string, string>;
  readonly hostsPath: string;
  readonly messagePath: string;
  /** The runtime can make mounts read-only with all that is mounted in them. */
  readonly canRecurse: boolean;
}

const propagations = {
  None: MountPropagation.PROPAGATION_PRIVATE,
  HostToContainer: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  Bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
};

/** All mounts of a container: its volumes, the pod's hosts file, and the file for its last words. */
export async function containerMounts(
  container: ReadContainer | ReadInitContainer,
  parts: MountParts,
): Promise<MountInit[]> {
  const mounts: MountInit[] = [];
  for (const [index, mount] of container.volumeMounts.entries()) {
    mounts.push(await volumeMount(container.name, mount, { ...parts, index }));
  }
  const isMounted = (path: string) => mounts.some(({ containerPath }) => containerPath === path);
  if (!isMounted("/etc/hosts")) {
    mounts.push({ containerPath: "/etc/hosts", hostPath: parts.hostsPath });
  }
  mounts.push({ containerPath: container.terminationMessagePath, hostPath: parts.messagePath });
  return mounts;
}

async function volumeMount(
  container: string,
  mount: ReadVolumeMount,
  { volumes, env, index, canRecurse }: MountParts & { readonly index: number },
): Promise<MountInit> {
  const { name, mountPath, readOnly, recursiveReadOnly, mountPropagation, subPathExpr } = mount;
  const subPath = subPathExpr === undefined ? mount.subPath : expandSubPath(subPathExpr, env);
  const volume = volumes.get(name);
  if (recursiveReadOnly === "Enabled" && !canRecurse) {
    throw new CriError(
      "unsupported",
      `the mount at ${mountPath} has recursiveReadOnly, which the runtime's handler cannot do`,
    );
  }
  return {
    containerPath: mountPath.startsWith("/") ? mountPath : `/${mountPath}`,
    hostPath: subPath ? await volumes.subPath(name, subPath, `${container}/${index}`) : volume.path,
    readonly: readOnly || volume.isReadOnly,
    recursiveReadOnly: recursiveReadOnly !== "Disabled" && canRecurse,
    propagation: propagations[mountPropagation],
  };
}

function expandSubPath(text: string, env: ReadonlyMap<string, string>): string {
  const [missing] = missingVariables(text, env);
  if (missing !== undefined) {
    throw new CriError(
      "failed_precondition",
      `subPathExpr ${text} names the variable ${missing}, which is not set`,
    );
  }
  const path = expand(text, env);
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new CriError(
      "failed_precondition",
      `subPathExpr ${text} becomes a path that leads out of the volume`,
    );
  }
  return path;
}
