import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";

import { sleep } from "../../../async/abort.js";
import { listMounts } from "../mounts.js";
import { sendSignal } from "../process.js";

/** The control groups of this host. */
export interface Cgroups {
  version: 1 | 2;
  /** Whether a parent like `kubepods.slice` asks for systemd to make the groups. */
  isSystemd(parent: string): boolean;
  /** What to write as `linux.cgroupsPath` for a container under this parent. */
  containerPath(parent: string, id: string): string;
  /** Kills every process in a container's group and waits until it is empty. */
  kill(parent: string, id: string): Promise<void>;
  /** Removes a group that has no processes, with the empty ones below it. Absent: done. */
  remove(path: string): Promise<void>;
}

const mountRoot = "/sys/fs/cgroup";

/** Finds the version and the controllers. A hybrid host, with controllers in version 1, counts as 1. */
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
  constructor(
    readonly version: 1 | 2,
    readonly hierarchies: readonly string[],
  ) {}

  isSystemd(parent: string): boolean {
    return parent.endsWith(".slice");
  }

  containerPath(parent: string, id: string): string {
    if (!this.isSystemd(parent)) return join("/", parent, id);
    return `${parent.split("/").at(-1)}:crikit:${id}`;
  }

  async kill(parent: string, id: string): Promise<void> {
    const path = this.isSystemd(parent)
      ? join("/", parent, `crikit-${id}.scope`)
      : this.containerPath(parent, id);
    for (;;) {
      const pids = await this.#pids(path);
      if (pids.length === 0) return;
      for (const pid of pids) sendSignal(pid, "SIGKILL");
      await sleep(5);
    }
  }

  async remove(path: string): Promise<void> {
    for (const hierarchy of this.hierarchies) await removeTree(join(hierarchy, path));
  }

  async #pids(path: string): Promise<number[]> {
    const found = new Set<number>();
    for (const hierarchy of this.hierarchies) {
      for (const pid of await readPids(join(hierarchy, path))) found.add(pid);
    }
    return [...found];
  }
}

async function readPids(directory: string): Promise<number[]> {
  const own = await readFile(join(directory, "cgroup.procs"), "utf8").catch(() => "");
  const pids = own.split("\n").filter(Boolean).map(Number);
  for (const child of await childGroups(directory)) pids.push(...(await readPids(join(directory, child))));
  return pids;
}

async function removeTree(directory: string): Promise<void> {
  for (const child of await childGroups(directory)) await removeTree(join(directory, child));
  await rmdir(directory).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}

async function childGroups(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
