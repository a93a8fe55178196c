import { join } from "node:path";

import { InvalidArgumentError } from "../../../errors.js";
import { listMounts } from "../mounts.js";
import { killGroup } from "./kill-group.js";
import { removeGroup } from "./remove-group.js";
import { expandSlice, scopeName, systemdPath } from "./systemd.js";

/** The control groups of this host. */
export interface Cgroups {
  /** A hybrid host, with controllers in version 1, counts as 1. */
  version: 1 | 2;
  /** Whether a parent like `kubepods.slice` asks for systemd to make the groups. */
  isSystemd(parent: string): boolean;
  /** What to write as `linux.cgroupsPath` for a container under this parent. */
  containerPath(parent: string, id: string): string;
  /**
   * Kills every process in a container's group and those below, and waits until they are gone. Absent: done.
   * Thrown when some are still there after 10 s.
   */
  kill(parent: string, id: string): Promise<void>;
  /** Removes a group that has no processes, with the empty ones below it, in every tree. Absent: done. */
  remove(path: string): Promise<void>;
}

const mountRoot = "/sys/fs/cgroup";

export async function detectCgroups(): Promise<Cgroups> {
  const mounts = (await listMounts()).filter((mount) => mount.target.startsWith(mountRoot));
  const unified = mounts.some((mount) => mount.target === mountRoot && mount.type === "cgroup2");
  // On a hybrid host runc makes groups in the tree of version 2 as well.
  const hierarchies = unified
    ? [mountRoot]
    : mounts.filter((mount) => /^cgroup2?$/.test(mount.type)).map((mount) => mount.target);
  return new HostCgroups(unified ? 2 : 1, hierarchies);
}

class HostCgroups implements Cgroups {
  readonly version: 1 | 2;
  readonly #hierarchies: readonly string[];

  constructor(version: 1 | 2, hierarchies: readonly string[]) {
    this.version = version;
    this.#hierarchies = hierarchies;
  }

  isSystemd(parent: string): boolean {
    return parent.endsWith(".slice");
  }

  containerPath(parent: string, id: string): string {
    return this.isSystemd(parent) ? systemdPath(parent, id) : join("/", parent, id);
  }

  async kill(parent: string, id: string): Promise<void> {
    if (id === "") throw new InvalidArgumentError("A container's group needs the container's ID");
    const path = this.isSystemd(parent) ? join(expandSlice(parent), scopeName(id)) : join("/", parent, id);
    await killGroup(this.#directories(path));
  }

  async remove(path: string): Promise<void> {
    for (const directory of this.#directories(path)) await removeGroup(directory);
  }

  /** The group's directory in each tree. Never a whole tree: that is the host itself. */
  #directories(path: string): string[] {
    const absolute = join("/", path);
    if (absolute === "/") throw new InvalidArgumentError("The root group is not a container's");
    return this.#hierarchies.map((hierarchy) => join(hierarchy, absolute));
  }
}
