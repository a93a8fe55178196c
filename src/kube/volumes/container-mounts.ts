import type { MountConfig } from "../../api/config.js";
import { CriError } from "../../errors.js";
import { MountPropagation } from "../../proto.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadVolumeMount } from "../manifest/schema/volume.js";
import { expand, missingVariables } from "../translate/expand.js";
import type { PodVolumes } from "./pod-volumes.js";

/** An image that is there, to be mounted. */
export interface VolumeImage {
  readonly id: string;
  /** As the manifest names it. */
  readonly reference: string;
}

export interface MountParts {
  readonly volumes: PodVolumes;
  /** Those of the volumes that are images, by the names of the volumes. */
  readonly images: ReadonlyMap<string, VolumeImage>;
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
): Promise<MountConfig[]> {
  const mounts: MountConfig[] = [];
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
  { volumes, images, env, index, canRecurse }: MountParts & { readonly index: number },
): Promise<MountConfig> {
  const { name, mountPath, readOnly, recursiveReadOnly, mountPropagation, subPathExpr } = mount;
  const subPath = subPathExpr === undefined ? mount.subPath : expandSubPath(subPathExpr, env);
  if (recursiveReadOnly === "Enabled" && !canRecurse) {
    throw new CriError(
      "unsupported",
      `the mount at ${mountPath} has recursiveReadOnly, which the runtime's handler cannot do`,
    );
  }
  const common = {
    containerPath: mountPath.startsWith("/") ? mountPath : `/${mountPath}`,
    recursiveReadOnly: recursiveReadOnly !== "Disabled" && canRecurse,
    propagation: propagations[mountPropagation],
  };
  const image = images.get(name);
  if (image) return { ...common, ...imageSource(image, subPath), readonly: true };
  const volume = volumes.get(name);
  return {
    ...common,
    hostPath: subPath ? await volumes.subPath(name, subPath, `${container}/${index}`) : volume.path,
    readonly: readOnly || volume.isReadOnly,
  };
}

function imageSource({ id, reference }: VolumeImage, subPath = ""): MountConfig {
  return { image: { image: id, userSpecifiedImage: reference }, imageSubPath: subPath };
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
