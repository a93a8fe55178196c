import { mkdir } from "node:fs/promises";

import { hasOwnFileSystem, labelOption } from "../mounts.js";
import { runCommand } from "../run-command.js";
import { unmountLazily } from "../unmount-lazily.js";

export interface TmpfsMount {
  sizeBytes: number;
  uid: number;
  gid: number;
  /** The SELinux label of all that is in it. */
  label?: string | undefined;
}

/** File systems in memory, for the shared memory of pods. */
export interface Tmpfs {
  /** Mounts one on a directory, which is made. Everybody may write in it, as in /tmp. */
  mount(target: string, options: TmpfsMount): Promise<void>;
  /** Not mounted: done. */
  unmount(target: string): Promise<void>;
}

export function createTmpfs(): Tmpfs {
  return {
    async mount(target, { sizeBytes, uid, gid, label }) {
      await mkdir(target, { recursive: true, mode: 0o700 });
      const options = `nosuid,nodev,noexec,mode=1777,size=${sizeBytes},uid=${uid},gid=${gid}${labelOption(label)}`;
      await runCommand("mount", ["-t", "tmpfs", "-o", options, "shm", target], { dropStdout: true });
    },

    async unmount(target) {
      if (hasOwnFileSystem(target)) await unmountLazily(target);
    },
  };
}
