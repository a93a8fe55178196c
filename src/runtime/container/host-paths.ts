import type { ContainerConfig } from "../../proto.js";
import { readDevices } from "../adapters/host/devices.js";
import { prepareMountSource } from "../adapters/host/mount-source.js";
import type { OciDevice } from "../oci.js";
import type { MountSource, MountSources } from "../spec/bind-mount.js";
import { devicePaths, type HostDevices } from "../spec/devices.js";

/** What the host has at the paths that a container wants mounted. */
export async function readMountSources(config: ContainerConfig): Promise<MountSources> {
  const sources = new Map<string, MountSource>();
  for (const { hostPath } of config.mounts) {
    if (hostPath.startsWith("/")) sources.set(hostPath, await prepareMountSource(hostPath));
  }
  return sources;
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
