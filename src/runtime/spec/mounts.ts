import { posix } from "node:path";

import { InvalidArgumentError } from "../../errors.js";
import { type Mount, MountPropagation } from "../../proto.js";
import type { OciMount } from "../oci.js";

/** Files and directories of the pod that each of its containers sees. */
export interface SandboxFiles {
  resolvConf: string;
  hosts: string;
  hostname: string;
  shm: string;
}

const standard: OciMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
];

/** What the pause process sees. */
export function sandboxMounts(): OciMount[] {
  return [...standard, sysfs(false)];
}

export interface ContainerMountInput {
  mounts: readonly Mount[];
  files: SandboxFiles;
  privileged: boolean;
  readonlyRootfs: boolean;
}

/** Everything mounted in a container; what the caller mounts takes the place of ours, parents come first. */
export function containerMounts({
  mounts,
  files,
  privileged,
  readonlyRootfs,
}: ContainerMountInput): OciMount[] {
  const fileMode = readonlyRootfs ? "ro" : "rw";
  const ours: OciMount[] = [
    ...standard,
    sysfs(privileged),
    cgroup(privileged),
    { destination: "/dev/shm", type: "bind", source: files.shm, options: ["rbind", "rw"] },
    { destination: "/etc/resolv.conf", type: "bind", source: files.resolvConf, options: ["rbind", fileMode] },
    { destination: "/etc/hosts", type: "bind", source: files.hosts, options: ["rbind", fileMode] },
    { destination: "/etc/hostname", type: "bind", source: files.hostname, options: ["rbind", fileMode] },
  ];
  const theirs = mounts.map(bindMount);
  const taken = new Set(theirs.map((mount) => mount.destination));
  const all = [...ours.filter((mount) => !taken.has(mount.destination)), ...theirs];
  return all
    .map((mount, index) => ({ mount, index, depth: mount.destination.split("/").filter(Boolean).length }))
    .sort((a, b) => a.depth - b.depth || a.index - b.index)
    .map(({ mount }) => mount);
}

const propagationOptions = {
  [MountPropagation.PROPAGATION_PRIVATE]: "rprivate",
  [MountPropagation.PROPAGATION_HOST_TO_CONTAINER]: "rslave",
  [MountPropagation.PROPAGATION_BIDIRECTIONAL]: "rshared",
};

function bindMount(mount: Mount, index: number): OciMount {
  const field = `config.mounts[${index}]`;
  if (mount.containerPath === "") {
    throw new InvalidArgumentError(`${field}.container_path is empty`, { field: `${field}.container_path` });
  }
  if (mount.image) {
    throw new InvalidArgumentError(`${field}.image: image volumes are not served by this runtime`, {
      field: `${field}.image`,
    });
  }
  if (mount.recursiveReadOnly && !mount.readonly) {
    throw new InvalidArgumentError(`${field}.recursive_read_only needs readonly`, {
      field: `${field}.recursive_read_only`,
    });
  }
  const access = mount.recursiveReadOnly ? ["ro", "rro"] : [mount.readonly ? "ro" : "rw"];
  return {
    destination: posix.resolve("/", mount.containerPath),
    type: "bind",
    source: mount.hostPath,
    options: ["rbind", propagationOptions[mount.propagation], ...access, ...mount.mountOptions],
  };
}

/** The propagation that the root must have for the mounts below it to pass anything on. */
export function rootfsPropagation(mounts: readonly Mount[]): string | undefined {
  const asked = mounts.map((mount) => mount.propagation);
  if (asked.includes(MountPropagation.PROPAGATION_BIDIRECTIONAL)) return "rshared";
  if (asked.includes(MountPropagation.PROPAGATION_HOST_TO_CONTAINER)) return "rslave";
  return undefined;
}

function sysfs(writable: boolean): OciMount {
  const access = writable ? "rw" : "ro";
  return {
    destination: "/sys",
    type: "sysfs",
    source: "sysfs",
    options: ["nosuid", "noexec", "nodev", access],
  };
}

function cgroup(writable: boolean): OciMount {
  const access = writable ? "rw" : "ro";
  return {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["nosuid", "noexec", "nodev", "relatime", access],
  };
}
