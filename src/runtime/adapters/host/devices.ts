import type { BigIntStats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

import type { OciDevice } from "../../oci.js";

/** In /dev, and nothing to hand on: others' terminals, shared memory, queues, and what each container has. */
const passedOver = new Set(["pts", "ptmx", "console", "shm", "mqueue", "hugepages", "fd"]);

/**
 * The device nodes at or below a path of the host; undefined when there is no such path. The path may be a
 * symbolic link, links below it are not followed. The paths of the nodes begin with the path as given.
 */
export async function readDevices(path: string): Promise<OciDevice[] | undefined> {
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined) return undefined;
  const stats = await stat(target);
  return stats.isDirectory() ? devicesBelow(path, target) : deviceAt(path, target);
}

/** The node at a path of the host, which can be a FIFO as well; undefined when there is none. */
export async function readNode(path: string): Promise<OciDevice | undefined> {
  const target = await realpath(path).catch(() => undefined);
  return target === undefined ? undefined : nodeAt(path, target);
}

async function devicesBelow(path: string, target: string): Promise<OciDevice[]> {
  const entries = await readdir(target, { withFileTypes: true });
  const found = entries
    .filter(({ name }) => !passedOver.has(name))
    .map(async (entry) => {
      const [shown, real] = [join(path, entry.name), join(target, entry.name)];
      if (entry.isDirectory()) return devicesBelow(shown, real);
      return entry.isBlockDevice() || entry.isCharacterDevice() ? deviceAt(shown, real) : [];
    });
  return (await Promise.all(found)).flat();
}

async function deviceAt(path: string, target: string): Promise<OciDevice[]> {
  const node = await nodeAt(path, target);
  return node && node.type !== "p" ? [node] : [];
}

async function nodeAt(path: string, target: string): Promise<OciDevice | undefined> {
  const stats = await stat(target, { bigint: true });
  const type = nodeType(stats);
  if (type === undefined) return undefined;
  return {
    path,
    type,
    // Each number lies in two parts of the 64 bits, as sysmacros.h has it.
    major: Number(((stats.rdev >> 8n) & 0xfffn) | ((stats.rdev >> 32n) & 0xfffff000n)),
    minor: Number((stats.rdev & 0xffn) | ((stats.rdev >> 12n) & 0xffffff00n)),
    fileMode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

function nodeType(stats: BigIntStats): OciDevice["type"] | undefined {
  if (stats.isBlockDevice()) return "b";
  if (stats.isCharacterDevice()) return "c";
  return stats.isFIFO() ? "p" : undefined;
}
