import { readFile } from "node:fs/promises";

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

export async function isMountPoint(path: string): Promise<boolean> {
  return (await listMounts()).some((mount) => mount.target === path);
}

/** Unmounts everything at or below a directory, deepest first. Nothing mounted: done. */
export async function unmountBelow(directory: string): Promise<void> {
  const targets = (await listMounts())
    .map((mount) => mount.target)
    .filter((target) => target === directory || target.startsWith(`${directory}/`));
  for (const target of targets.reverse()) await runCommand("umount", ["--lazy", target]);
}

// The kernel writes blanks, tabs, newlines and backslashes as octal.
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
