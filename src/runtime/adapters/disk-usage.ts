import { CommandError, runCommand } from "./run-command.js";

/** What a directory takes with all in it, itself included. */
export interface DirectoryUsage {
  /** Taken on the disk, which for a sparse file is less than its size. Hard links count once. */
  bytes: number;
  inodes: number;
}

/** Measures directories, by their paths. One that is not there is left out. */
export async function measureDirectories(
  directories: readonly string[],
): Promise<Map<string, DirectoryUsage>> {
  const measured = new Map<string, DirectoryUsage>();
  if (directories.length === 0) return measured;
  const [bytes, inodes] = await Promise.all([
    sumUp("--block-size=1", directories),
    sumUp("--inodes", directories),
  ]);
  for (const [path, count] of inodes) {
    const size = bytes.get(path);
    if (size !== undefined) measured.set(path, { bytes: size, inodes: count });
  }
  return measured;
}

async function sumUp(unit: string, directories: readonly string[]): Promise<Map<string, number>> {
  const output = await summarize(unit, directories);
  const sums = new Map<string, number>();
  for (const [, sum, path = ""] of output.matchAll(/(\d+)\t([^\0]+)\0/g)) sums.set(path, Number(sum));
  return sums;
}

/** What xargs answers when the program that it ran did not answer 0. */
const programFailed = 123;

async function summarize(unit: string, directories: readonly string[]): Promise<string> {
  // By way of its input, for the arguments of a program are limited.
  const command = ["--null", "du", "--summarize", "--null", unit, "--"];
  try {
    return (await runCommand("xargs", command, { input: directories.join("\0") })).stdout;
  } catch (error) {
    // What came and went meanwhile, or was not there at all, makes du complain: the rest is as it says.
    if (error instanceof CommandError && error.exitCode === programFailed) return error.stdout;
    throw error;
  }
}
