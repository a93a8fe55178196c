import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";

import type { CdiEdits, CdiSpec } from "../../cdi.js";
import { parseCdiSpec } from "./parse-spec.js";

/** What a device takes to be in a container. */
export interface CdiDevice {
  edits: CdiEdits;
  /** The file that describes it, and what that file wants made whichever of its devices is asked for. */
  spec: { path: string; edits: CdiEdits };
}

/** The devices that the specifications of a host describe. */
export interface CdiRegistry {
  /** By `VENDOR/CLASS=DEVICE`. */
  devices: ReadonlyMap<string, CdiDevice>;
  /** The files of devices that none of the others goes before: nobody can tell which is meant. */
  conflicts: ReadonlyMap<string, string[]>;
  /** The files and directories that could not be read. */
  broken: { path: string; why: string }[];
}

/**
 * Reads the specifications in all the directories: what a later one says of a device counts before what an
 * earlier one says. A file that cannot be read is told in `broken`, and keeps none of the others from being read.
 */
export async function readCdiRegistry(directories: readonly string[]): Promise<CdiRegistry> {
  const devices = new Map<string, CdiDevice>();
  const conflicts = new Map<string, string[]>();
  const broken: CdiRegistry["broken"] = [];
  for (const directory of directories) {
    const inThis = new Map<string, CdiDevice[]>();
    for (const path of await specFiles(directory, broken)) {
      const spec = await readSpec(path, broken);
      for (const [name, device] of spec ? devicesOf(spec, path) : []) {
        inThis.set(name, [...(inThis.get(name) ?? []), device]);
      }
    }
    for (const [name, [device, ...others]] of inThis) {
      conflicts.delete(name);
      devices.delete(name);
      if (device && others.length === 0) devices.set(name, device);
      else
        conflicts.set(
          name,
          [device, ...others].flatMap((each) => each?.spec.path ?? []),
        );
    }
  }
  return { devices, conflicts, broken };
}

async function specFiles(directory: string, broken: CdiRegistry["broken"]): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    const specs = files.filter((name) => [".json", ".yaml"].includes(extname(name)));
    return specs.sort().map((name) => join(directory, name));
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) broken.push({ path: directory, why: reason(error) });
    return [];
  }
}

async function readSpec(path: string, broken: CdiRegistry["broken"]): Promise<CdiSpec | undefined> {
  try {
    return parseCdiSpec(await readFile(path, "utf8"));
  } catch (error) {
    broken.push({ path, why: reason(error) });
    return undefined;
  }
}

function devicesOf({ kind, devices, containerEdits }: CdiSpec, path: string): [string, CdiDevice][] {
  const spec = { path, edits: containerEdits };
  return devices.map((device) => [`${kind}=${device.name}`, { edits: device.containerEdits, spec }]);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
