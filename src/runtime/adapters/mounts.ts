import { lstatSync, statSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { runCommand } from "./run-command.js";

export interface MountEntry {
  target: string;
  type: string;
  /** Optional fields such as `shared:1` and `master:2`: empty for a private mount. */
  propagation: string[];
}

/** The mounts of this process's mount namespace, oldest first. */
export async function listMounts(): Promise<MountEntry[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).trimEnd().split("\n");
  return lines.map((line) => {
    const fields = line.split(" ");
    const separator = fields.indexOf("-");
    return {
      target: unescapeOctal(fields[4] ?? ""),
      type: fields[separator + 1] ?? "",
      propagation: fields.slice(6, separator),
    };
  });
}

/** Whether something is mounted on this very path; false when there is none. */
export async function isMountPoint(path: string): Promise<boolean> {
  const target = await kernelPath(path);
  return (await listMounts()).some((mount) => mount.target === target);
}

/**
 * Whether a file system other than that around it is mounted on this very directory, as an overlay is or a tmpfs;
 * false when there is none. It asks for no list of mounts, which is as long as there are pods.
 */
export function hasOwnFileSystem(path: string): boolean {
  const mounted = lstatSync(path, { throwIfNoEntry: false });
  return mounted !== undefined && mounted.dev !== statSync(dirname(path)).dev;
}

/** Unmounts everything at or below a directory, deepest first. Nothing mounted: done. */
export async function unmountBelow(directory: string): Promise<void> {
  const top = await kernelPath(directory);
  const targets = (await listMounts())
    .map((mount) => mount.target)
    .filter((target) => target === top || target.startsWith(`${top}/`));
  for (const target of targets.reverse()) await runCommand("umount", ["--lazy", target]);
}

/** The path as the kernel lists it: without symbolic links, as /var/run is one. */
async function kernelPath(path: string): Promise<string> {
  const parent = await realpath(dirname(path)).catch(() => dirname(path));
  return join(parent, basename(path));
}

/** The mount option that gives all files of a file system one SELinux label, to be put behind others. */
export function labelOption(label: string | undefined): string {
  // Quoted, as a label has commas of its own.
  return label === undefined ? "" : `,context="${label}"`;
}

// The kernel writes blanks, tabs, newlines and backslashes as octal.
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
