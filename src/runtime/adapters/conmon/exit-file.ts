import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Exit {
  exitCode: number;
  /** When the monitor saw the end, in nanoseconds since the epoch. */
  finishedAt: bigint;
}

/**
 * What the monitor wrote when the container ended; undefined as long as it has not. A file without a code counts
 * as none: one may be there before it is written, and a host that lost power may have cut it short.
 */
export function readExitFile(exitDirectory: string, id: string): Exit | undefined {
  const path = join(exitDirectory, id);
  try {
    const text = readFileSync(path, "utf8").trim();
    if (!/^\d+$/.test(text)) return undefined;
    const { mtimeNs } = statSync(path, { bigint: true });
    return { exitCode: Number(text), finishedAt: mtimeNs };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
