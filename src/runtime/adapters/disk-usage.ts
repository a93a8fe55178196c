import { CommandError, runCommand } from "./run-command.js";

/** What a directory takes with all in it, itself included. */
export interface DirectoryUsage {
  /** Taken on the disk, which for a sparse file is less than its size. */
  bytes: bigint;
  inodes: bigint;
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

async function sumUp(unit: string, directories: readonly string[]): Promise<Map<string, bigint>> {
  const output = await summarize(unit, directories);
  const sums = new Map<string, bigint>();
  for (const [, sum = "", path = ""] of output.matchAll(/(\d+)\t([^\0]+)\0/g)) sums.set(path, BigInt(sum));
  return sums;
}

async function summarize(unit: string, directories: readonly string[]): Promise<string> {
  try {
    return (await runCommand("du", ["--summarize", "--null", unit, "--", ...directories])).stdout;
  } catch (error) {
    // What came and went meanwhile, or was not there at all, makes it complain: the rest is as it says.
    if (error instanceof CommandError && error.exitCode === 1) return error.stdout;
    throw error;
  }
}
