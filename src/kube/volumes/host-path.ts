import type { Stats } from "node:fs";
import { chmod, mkdir, open, stat } from "node:fs/promises";
import { CriError } from "../../errors.js";
import type { ReadVolume } from "../manifest/schema/volume.js";

type HostPath = NonNullable<ReadVolume["hostPath"]>;

const checks: Record<HostPath["type"], (entry: Stats) => boolean> = {
  "": () => true,
  DirectoryOrCreate: (entry) => entry.isDirectory(),
  Directory: (entry) => entry.isDirectory(),
  FileOrCreate: (entry) => entry.isFile(),
  File: (entry) => entry.isFile(),
  Socket: (entry) => entry.isSocket(),
  CharDevice: (entry) => entry.isCharacterDevice(),
  BlockDevice: (entry) => entry.isBlockDevice(),
};

/** Sees to it that what the volume's type says is at its path. What is made stays, as it is the host's. */
export async function checkHostPath({ path, type }: HostPath): Promise<void> {
  if (type === "") return;
  const entry = (await look(path)) ?? (await make(path, type));
  if (entry && checks[type](entry)) return;
  const found = entry ? "something else is there" : "nothing is there";
  throw new CriError("failed_precondition", `hostPath ${path} is no ${type}: ${found}`);
}

async function look(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

async function make(path: string, type: HostPath["type"]): Promise<Stats | undefined> {
  if (type === "DirectoryOrCreate") {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o755);
  } else if (type === "FileOrCreate") {
    const file = await open(path, "a", 0o644);
    await file.close();
  }
  return look(path);
}
