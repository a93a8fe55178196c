import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { InvalidArgumentError } from "../../../errors.js";
import type { OciDevice } from "../../oci.js";

/** The device node of a host path under the name that a container gives it. */
export async function readDevice(hostPath: string, containerPath: string): Promise<OciDevice> {
  const device = await deviceAt(hostPath, containerPath).catch((cause) => {
    throw new InvalidArgumentError(`config.devices: ${hostPath} cannot be read: ${cause.message}`, {
      field: "config.devices",
      cause,
    });
  });
  if (device) return device;
  throw new InvalidArgumentError(`config.devices: ${hostPath} is not a device`, { field: "config.devices" });
}

/** All devices of the host, for privileged containers, but for terminals and what each container has of its own. */
export async function listHostDevices(directory = "/dev"): Promise<OciDevice[]> {
  const own = new Set(["pts", "shm", "fd", "mqueue", "console", "ptmx", "tty"]);
  const found: OciDevice[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (directory === "/dev" && own.has(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) found.push(...(await listHostDevices(path)));
    else if (entry.isBlockDevice() || entry.isCharacterDevice()) {
      const device = await deviceAt(path, path);
      if (device) found.push(device);
    }
  }
  return found;
}

async function deviceAt(hostPath: string, containerPath: string): Promise<OciDevice | undefined> {
  const stats = await stat(hostPath);
  if (!stats.isBlockDevice() && !stats.isCharacterDevice()) return undefined;
  const number = BigInt(stats.rdev);
  return {
    path: containerPath,
    type: stats.isBlockDevice() ? "b" : "c",
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)),
    minor: Number((number & 0xffn) | ((number >> 12n) & ~0xffn)),
    fileMode: stats.mode & 0o777,
    uid: stats.uid,
    gid: stats.gid,
  };
}
