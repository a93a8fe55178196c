import { runProgram } from "./run-program.js";

export interface TmpfsOptions {
  /** The kernel's default, half of the memory, unless told. */
  readonly sizeBytes?: bigint | undefined;
}

/** Mounts a file system in memory on a directory, open to all as an emptyDir is. */
export async function mountTmpfs(path: string, { sizeBytes }: TmpfsOptions = {}): Promise<void> {
  const size = sizeBytes === undefined ? "" : `,size=${sizeBytes}`;
  await runProgram("mount", ["-t", "tmpfs", "-o", `mode=0777,nosuid,nodev${size}`, "tmpfs", path]);
}

/** Mounts what is open as this descriptor, whatever its path leads to by now. */
export async function bindDescriptor(descriptor: number, target: string): Promise<void> {
  await runProgram("mount", ["--no-canonicalize", "--bind", "/proc/self/fd/3", target], { descriptor });
}

export async function unmount(path: string): Promise<void> {
  await runProgram("umount", [path]);
}
