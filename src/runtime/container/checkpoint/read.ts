import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import type { OciSpec } from "../../oci.js";
import { invalid } from "../../spec/invalid.js";

/** A checkpoint of a container, read as far as can be known before anything is made from it. */
export interface SavedContainer {
  directory: string;
  /** The image's ID as clients see it. */
  image: string;
  spec: OciSpec;
  /** Names that its image has and that were gone, by paths in the root file system. */
  deleted: string[];
}

/** Throws when a part of it is missing or torn; `field` is what the request calls its place. */
export async function readCheckpoint(directory: string, field: string): Promise<SavedContainer> {
  const config = await readPart<{ rootfsImageRef: string }>(directory, "config.dump", field);
  const spec = await readPart<OciSpec>(directory, "spec.dump", field);
  const deleted = await readPart<string[]>(directory, "deleted.files", field);
  for (const name of ["checkpoint/inventory.img", "rootfs-diff.tar"]) {
    await stat(join(directory, name)).catch(() => {
      throw invalid(field, `is not whole: ${join(directory, name)} is missing`);
    });
  }
  return { directory, image: config.rootfsImageRef, spec, deleted };
}

/** A JSON document of a checkpoint. */
export async function readPart<T>(directory: string, name: string, field: string): Promise<T> {
  const path = join(directory, name);
  const text = await readFile(path, "utf8").catch(() => {
    throw invalid(field, `is no whole checkpoint: ${path} cannot be read`);
  });
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(field, `is no whole checkpoint: ${path} is torn`);
  }
}
