import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** What the upper directory of an overlay has made of its layers, by paths in the root file system. */
export interface OverlayChanges {
  /** What is new or another, directories before what is in them. */
  changed: string[];
  /** What the layers have and is gone. */
  deleted: string[];
}

interface Overlaid {
  upper: string;
  /** The layers' directories. */
  layers: readonly string[];
  /** Where all of it is mounted. */
  target: string;
}

/** Reads it while nothing changes it. */
export async function readChanges(overlay: Overlaid): Promise<OverlayChanges> {
  const changes: OverlayChanges = { changed: [], deleted: [] };
  await addDirectory(overlay, "", changes);
  return changes;
}

async function addDirectory(overlay: Overlaid, path: string, changes: OverlayChanges): Promise<void> {
  const { upper, layers, target } = overlay;
  // A name can be gone by a mark of its own, or with its whole directory that was made anew.
  const there = new Set((await entriesOf(join(target, path))).map(({ name }) => name));
  const below = await Promise.all(layers.map((layer) => entriesOf(join(layer, path))));
  const names = new Set(below.flat().map(({ name }) => name));
  changes.deleted.push(...[...names].filter((name) => !there.has(name)).map((name) => join(path, name)));
  for (const entry of await entriesOf(join(upper, path))) {
    const at = join(path, entry.name);
    if (await isWhiteout(join(upper, at), entry)) continue;
    changes.changed.push(at);
    if (entry.isDirectory()) await addDirectory(overlay, at, changes);
  }
}

/** None where there is no such directory. */
async function entriesOf(directory: string): Promise<Dirent[]> {
  return readdir(directory, { withFileTypes: true }).catch((error) => {
    if (["ENOENT", "ENOTDIR"].includes(error.code)) return [];
    throw error;
  });
}

async function isWhiteout(path: string, entry: Dirent): Promise<boolean> {
  return entry.isCharacterDevice() && (await lstat(path)).rdev === 0;
}
