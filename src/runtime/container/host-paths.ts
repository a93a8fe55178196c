import type { ContainerConfig } from "../../proto.js";
import { readDevices } from "../adapters/host/devices.js";
import { findMountSource, makeMountSource } from "../adapters/host/mount-source.js";
import type { OciDevice } from "../oci.js";
import type { MountSource, MountSources } from "../spec/bind-mount.js";
import { devicePaths, type HostDevices } from "../spec/devices.js";
import { imageVolumeSource } from "./image-volumes.js";

/** What the host has at the paths that a container wants mounted, and where its images are mounted. */
export async function readMountSources(
  config: ContainerConfig,
  imageVolume: (mount: number) => string,
): Promise<MountSources> {
  const sources = new Map<number, MountSource>();
  for (const [index, { hostPath, image }] of config.mounts.entries()) {
    if (image) {
      const path = await imageVolumeSource(imageVolume(index), config, index);
      sources.set(index, { path, propagation: [] });
    } else if (hostPath.startsWith("/")) {
      sources.set(index, await findMountSource(hostPath));
    }
  }
  return sources;
}

/** Makes those that are missing: last, as a request that is refused leaves nothing on the host. */
export async function makeMountSources(sources: MountSources): Promise<void> {
  for (const { path } of sources.values()) await makeMountSource(path);
}

/** The device nodes of the host at the paths that a container wants devices from. */
export async function readHostDevices(config: ContainerConfig): Promise<HostDevices> {
  const devices = new Map<string, OciDevice[]>();
  for (const path of devicePaths(config)) {
    const found = await readDevices(path);
    if (found) devices.set(path, found);
  }
  return devices;
}
