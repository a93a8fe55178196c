import { mkdir } from "node:fs/promises";

import { hasOwnFileSystem, labelOption } from "../mounts.js";
import { runCommand } from "../run-command.js";
import { unmountLazily } from "../unmount-lazily.js";

export interface TmpfsMount {
  sizeBytes: number;
  /** Of its directory, in octal: everybody may write in it, as in /tmp, unless given. */
  mode?: string;
  uid: number;
  gid: number;
  /** The SELinux label of all that is in it. */
  label?: string | undefined;
}

/** File systems in memory. */
export interface Tmpfs {
  /** Mounts one on a directory, which is made. */
  mount(target: string, options: TmpfsMount): Promise<void>;
  /** Not mounted: done. */
  unmount(target: string): Promise<void>;
}

export function createTmpfs(): Tmpfs {
  return {
    async mount(target, { sizeBytes, mode = "1777", uid, gid, label }) {
      await mkdir(target, { recursive: true, mode: 0o700 });
      const options = `nosuid,nodev,noexec,mode=${mode},size=${sizeBytes},uid=${uid},gid=${gid}${labelOption(label)}`;
      await runCommand("mount", ["-t", "tmpfs", "-o", options, "shm", target], { dropStdout: true });
    },

    async unmount(target) {
      if (hasOwnFileSystem(target)) await unmountLazily(target);
    },
  };
}
