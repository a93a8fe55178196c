import { chown, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { unmountBelow } from "../mounts.js";
import { runCommand } from "../run-command.js";
import { mountIdmapped } from "./idmapped-store.js";

/**
 * How the files of an image come to belong to the users of a user namespace: by a mount that shows them so, or by
 * giving each of them to its new owner in the container's own layer.
 */
export type OwnerMapping = "idmapped" | "shifted";

const first = 65_536;
const size = 8;
const ids = {
  uids: { containerID: 0, hostID: first, size },
  gids: { containerID: 0, hostID: 2 * first, size },
};

/**
 * Looks whether layers in a directory can be mounted with mapped owners: it takes mount of util-linux 2.39, Linux
 * 5.19, and a file system that can do it.
 */
export async function probeOwnerMapping(directory: string): Promise<OwnerMapping> {
  const probe = join(directory, "probe");
  const [lower, mapped, merged] = [join(probe, "lower"), join(probe, "mapped"), join(probe, "merged")];
  try {
    await clear(probe);
    for (const place of [lower, mapped, merged]) await mkdir(place, { recursive: true, mode: 0o700 });
    await writeFile(join(lower, "file"), "");
    await chown(join(lower, "file"), 1, 2);
    await mountIdmapped(lower, mapped, ids);
    await runCommand("mount", ["-t", "overlay", "overlay", "-o", `ro,lowerdir=${mapped}:${merged}`, merged]);
    const { uid, gid } = await stat(join(merged, "file"));
    return uid === ids.uids.hostID + 1 && gid === ids.gids.hostID + 2 ? "idmapped" : "shifted";
  } catch {
    return "shifted";
  } finally {
    await clear(probe);
  }
}

async function clear(probe: string): Promise<void> {
  await unmountBelow(probe);
  await rm(probe, { recursive: true, force: true });
}
