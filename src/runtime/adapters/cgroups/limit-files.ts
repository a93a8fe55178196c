import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readKernelFile } from "./kernel-file.js";

/** What the limits of a group are, as the kernel writes them: its files by their paths. */
export type LimitFiles = Readonly<Record<string, string>>;

const v1 =
  /^(cpu\.(shares|cfs_(period|quota)_us)|cpuset\.(cpus|mems)|(memory|memory\.memsw|hugetlb\..+)\.limit_in_bytes)$/;
const v2 =
  /^(cpu\.(weight|max)|cpuset\.(cpus|mems)|memory\.(min|low|high|max|swap\.max)|hugetlb\.[^.]+\.max|pids\.max)$/;

/** The limits of a group, given by its directories in all trees; none of a group that is gone. */
export function readLimitFiles(directories: readonly string[]): LimitFiles {
  const paths = directories.flatMap((directory) =>
    filesIn(directory)
      .filter((name) => v1.test(name) || v2.test(name))
      .map((name) => join(directory, name)),
  );
  return Object.fromEntries(paths.map((path) => [path, readKernelFile(path)?.trim() ?? ""]));
}

/** Makes them again what they were; gives the paths of those that the kernel refuses. */
export function writeLimitFiles(files: LimitFiles): string[] {
  let left = Object.entries(files);
  // Some bear on each other, as memory and memory with swap do: what is refused first may pass after the others.
  for (let round = 0; round < 2; round += 1) {
    left = left.filter(([path, text]) => readKernelFile(path)?.trim() !== text && !write(path, text));
  }
  return left.map(([path]) => path);
}

/** Limits huge pages of one size, such as `2MB`, in the directories whose tree has the controller. */
export function limitHugepages(directories: readonly string[], pageSize: string, bytes: number): void {
  for (const directory of directories) {
    for (const name of [`hugetlb.${pageSize}.limit_in_bytes`, `hugetlb.${pageSize}.max`]) {
      if (readKernelFile(join(directory, name)) !== undefined)
        writeFileSync(join(directory, name), `${bytes}\n`);
    }
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function write(path: string, text: string): boolean {
  try {
    writeFileSync(path, `${text}\n`, { flag: "r+" });
    return true;
  } catch {
    return false;
  }
}
