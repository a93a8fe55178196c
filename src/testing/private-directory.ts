import { randomBytes } from "node:crypto";
import { access, constants, mkdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { CriError } from "../errors.js";
import { runTool } from "./run-tool.js";
import { temporaryDirectory } from "./temporary-directory.js";

/** The name that `makePrivateDirectory` is given. */
export const privateName = /^crikit-[0-9a-f]{8}$/;

/** Where a new private directory is to be made. */
export function newPrivatePath(): string {
  return join(temporaryDirectory(), `crikit-${randomBytes(4).toString("hex")}`);
}

/**
 * Makes a private directory of a runtime. Where the file system cannot bear an overlay's upper directory, or
 * programs may not be run from it, as on the root file system of a container, a tmpfs is mounted there.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  // Roots of user namespaces pass through to their files.
  await mkdir(path, { mode: 0o711 }).catch((cause) => {
    throw new CriError(
      "failed_precondition",
      `Cannot make ${path}: set TMPDIR to a directory that can be written`,
      { cause },
    );
  });
  if (await bearsContainers(path)) return;
  // What may not be mounted the daemon cannot mount either: it says so.
  await runTool("mount", ["-t", "tmpfs", "-o", "mode=711", "crikit", path]).catch(() => {});
}

/** Absent: done. */
export async function removePrivateDirectory(path: string): Promise<void> {
  // Lazily: its log is open for as long as the reaper lives.
  if (await isMounted(path)) await runTool("umount", ["--lazy", path]);
  await rm(path, { recursive: true, force: true });
}

// ext4, xfs, btrfs, f2fs, tmpfs: their numbers in the kernel's magic.h.
const suitable = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994]);

async function bearsContainers(directory: string): Promise<boolean> {
  if (!suitable.has((await statfs(directory)).type)) return false;
  const probe = join(directory, "probe");
  await writeFile(probe, "", { mode: 0o700 });
  try {
    return await access(probe, constants.X_OK).then(
      () => true,
      () => false,
    );
  } finally {
    await rm(probe);
  }
}

async function isMounted(directory: string): Promise<boolean> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  // By its name, which is random: the kernel writes the path without symbolic links.
  return mounts.split("\n").some((line) => line.split(" ")[4]?.endsWith(`/${basename(directory)}`));
}
