import { posix } from "node:path";

import type { Mount } from "../../proto.js";
import type { IdMappings, OciMount } from "../oci.js";
import { bindMount, type MountSources } from "./bind-mount.js";

/** Files and directories of the pod that each of its containers sees. */
export interface SandboxFiles {
  resolvConf: string;
  hosts: string;
  hostname: string;
  /** The pod's shared memory, the node's own /dev/shm when it shares the node's IPC namespace. */
  shm: string;
}

const hardened = ["nosuid", "noexec", "nodev"];

/** The group of terminals. */
const tty = 5;

function standard(ids: IdMappings | undefined): OciMount[] {
  const hasTty = !ids || ids.gids.size > tty;
  const terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
  return [
    { destination: "/proc", type: "proc", source: "proc", options: hardened },
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
      options: hasTty ? [...terminals, `gid=${tty}`] : terminals,
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: hardened },
  ];
}

/**
 * What the pause process sees. The kernel has one /sys for each network namespace, and whoever mounts it first
 * makes it read-only for all: so it is writable here when a privileged container may follow.
 */
export function sandboxMounts({
  privileged,
  ids,
}: Pick<ContainerMountInput, "privileged" | "ids">): OciMount[] {
  return [...standard(ids), kernelMount("/sys", "sysfs", privileged ? "rw" : "ro")];
}

/** A directory of the container's own, at a path that its image declares as a volume. */
export interface Volume {
  containerPath: string;
  hostPath: string;
}

export interface ContainerMountInput {
  mounts: readonly Mount[];
  volumes: readonly Volume[];
  sources: MountSources;
  files: SandboxFiles;
  privileged: boolean;
  readonlyRootfs: boolean;
  /** Of the pod's user namespace, if it has one. */
  ids: IdMappings | undefined;
}

/**
 * Everything mounted in a container, parents before what lies in them. What the caller mounts takes the place
 * of ours; where it mounts a whole kernel file system such as /dev or /sys, nothing of ours goes on top. Volumes that
 * the image declares give way to all others.
 */
export function containerMounts(input: ContainerMountInput): OciMount[] {
  const { files, privileged } = input;
  const theirs = input.mounts.map((mount, index) => bindMount(mount, index, input.sources));
  const kernel = [
    ...standard(input.ids),
    kernelMount("/sys", "sysfs", privileged ? "rw" : "ro"),
    kernelMount("/sys/fs/cgroup", "cgroup", privileged ? "rw" : "ro"),
    podFile("/dev/shm", files.shm, "rw"),
  ];
  const access = input.readonlyRootfs ? "ro" : "rw";
  const ofPod = [
    podFile("/etc/resolv.conf", files.resolvConf, access),
    podFile("/etc/hosts", files.hosts, access),
    podFile("/etc/hostname", files.hostname, access),
  ];
  const covered = ({ destination }: OciMount) => theirs.some((mount) => contains(mount, destination));
  const ofImage = input.volumes.map(volumeMount).filter(({ destination }) => destination !== "/");
  return [
    ...kernel.filter((mount) => !covered(mount)),
    ...parentsFirst([
      ...without(ofImage, [...kernel, ...ofPod, ...theirs]),
      ...without(ofPod, theirs),
      ...theirs,
    ]),
  ];
}

/** The mounts in an order in which none hides another, as far as their paths say. */
export function parentsFirst(mounts: readonly OciMount[]): OciMount[] {
  const depth = ({ destination }: OciMount) => destination.split("/").length;
  return [...mounts].sort((a, b) => depth(a) - depth(b));
}

/** Those whose place no other takes. */
function without(mounts: readonly OciMount[], others: readonly OciMount[]): OciMount[] {
  return mounts.filter((mount) => !others.some(({ destination }) => destination === mount.destination));
}

function volumeMount({ containerPath, hostPath }: Volume): OciMount {
  return bind(posix.resolve("/", containerPath), hostPath, "rw");
}

function contains({ destination }: OciMount, path: string): boolean {
  return path === destination || path.startsWith(`${destination}/`);
}

function kernelMount(destination: string, type: string, access: "ro" | "rw"): OciMount {
  return { destination, type, source: type, options: [...hardened, "relatime", access] };
}

/** With all that the file system of the state directory may be mounted with: no user namespace may lift it. */
function podFile(destination: string, source: string, access: "ro" | "rw"): OciMount {
  return bind(destination, source, access, hardened);
}

function bind(destination: string, source: string, access: "ro" | "rw", flags: string[] = []): OciMount {
  return { destination, type: "bind", source, options: ["rbind", "rprivate", access, ...flags] };
}
