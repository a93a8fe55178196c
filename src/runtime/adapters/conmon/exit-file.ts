import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../../errors.js";

export interface Exit {
  exitCode: number;
  /** When the monitor saw the end, in nanoseconds since the epoch. */
  finishedAt: bigint;
}

/** What the monitor wrote when the container ended; undefined as long as it has not. */
export async function readExitFile(exitDirectory: string, id: string): Promise<Exit | undefined> {
  const path = join(exitDirectory, id);
  try {
    const text = (await readFile(path, "utf8")).trim();
    // Empty means not yet: a monitor may create the file before it writes.
    if (text === "") return undefined;
    if (!/^-?\d+$/.test(text)) throw new CriError("data_loss", `Exit file ${path} holds no number: ${text}`);
    const { mtimeNs } = await stat(path, { bigint: true });
    return { exitCode: Number(text), finishedAt: mtimeNs };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
