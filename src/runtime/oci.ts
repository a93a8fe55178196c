// The part of the OCI runtime specification (1.0.2) that crikit writes, in the specification's own words.
// Sizes are bytes and times microseconds. An undefined property is left out of the JSON.

/** A whole `config.json`. */
export interface OciSpec {
  ociVersion: string;
  /** Set only with an own UTS namespace: runc 1.1 renames whatever namespace it joined, the host's too. */
  hostname?: string | undefined;
  process: OciProcess;
  root: { path: string; readonly?: boolean | undefined };
  /** Mounted in this order: a parent must come before what lies in it. */
  mounts: OciMount[];
  annotations?: Record<string, string> | undefined;
  /** Programs to run at the points of the life cycle that the specification names: `createRuntime`, ... */
  hooks?: Record<string, OciHook[]> | undefined;
  linux: OciLinux;
}

export interface OciHook {
  path: string;
  args?: string[] | undefined;
  env?: string[] | undefined;
  /** Seconds. */
  timeout?: number | undefined;
}

/** The `process` of a spec, and the whole of what `runc exec --process` takes. */
export interface OciProcess {
  terminal?: boolean | undefined;
  consoleSize?: { height: number; width: number } | undefined;
  user: OciUser;
  args: string[];
  /** `NAME=value`, each name once. */
  env: string[];
  cwd: string;
  capabilities?: OciCapabilities | undefined;
  rlimits?: OciRlimit[] | undefined;
  noNewPrivileges?: boolean | undefined;
  apparmorProfile?: string | undefined;
  selinuxLabel?: string | undefined;
  oomScoreAdj?: number | undefined;
}

export interface OciUser {
  uid: number;
  gid: number;
  additionalGids?: number[] | undefined;
  umask?: number | undefined;
}

/** Names with `CAP_`. */
export interface OciCapabilities {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable: string[];
  ambient: string[];
}

export interface OciRlimit {
  /** `RLIMIT_NOFILE` and the like. */
  type: string;
  soft: number;
  hard: number;
}

export interface OciMount {
  destination: string;
  type?: string | undefined;
  source?: string | undefined;
  options?: string[] | undefined;
  /** Whose files are whose in the container. Programs older than 1.1 of the specification pass over it. */
  uidMappings?: OciIdMapping[] | undefined;
  gidMappings?: OciIdMapping[] | undefined;
}

export interface OciLinux {
  namespaces: OciNamespace[];
  /** Of the user namespace, also of one that is joined. */
  uidMappings?: OciIdMapping[] | undefined;
  gidMappings?: OciIdMapping[] | undefined;
  devices?: OciDevice[] | undefined;
  resources?: OciResources | undefined;
  cgroupsPath: string;
  /** `rshared`, `rslave`, `rprivate`, ...: how mounts in the rootfs and on the host reach each other. */
  rootfsPropagation?: string | undefined;
  maskedPaths?: string[] | undefined;
  readonlyPaths?: string[] | undefined;
  seccomp?: OciSeccomp | undefined;
  sysctl?: Record<string, string> | undefined;
  mountLabel?: string | undefined;
  /** Classes of service of the processor's caches and memory. */
  intelRdt?: OciIntelRdt | undefined;
}

export interface OciIntelRdt {
  closID?: string | undefined;
  l3CacheSchema?: string | undefined;
  memBwSchema?: string | undefined;
}

/** A range of IDs. */
export interface OciIdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

/** A user namespace: one range of users and one of groups, both from the container's 0 on. */
export interface IdMappings {
  uids: OciIdMapping;
  gids: OciIdMapping;
}

export interface OciNamespace {
  type: "pid" | "network" | "ipc" | "uts" | "mount" | "user" | "cgroup";
  /** Joins the namespace of this file; a new one is made without it. */
  path?: string | undefined;
}

/** A device node to make in the container. */
export interface OciDevice {
  path: string;
  /** `p` is a FIFO, which has no numbers. */
  type: "b" | "c" | "p";
  major?: number | undefined;
  minor?: number | undefined;
  /** Permission bits, in decimal once written. */
  fileMode?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
}

/** What the device cgroup allows; a missing number or type means all. Later rules win. */
export interface OciDeviceRule {
  allow: boolean;
  type?: "a" | OciDevice["type"] | undefined;
  major?: number | undefined;
  minor?: number | undefined;
  /** Of `r`, `w` and `m` (make the node). */
  access?: string | undefined;
}

/** Also what `runc update --resources` takes. */
export interface OciResources {
  devices?: OciDeviceRule[] | undefined;
  memory?: OciMemory | undefined;
  cpu?: OciCpu | undefined;
  pids?: { limit: number } | undefined;
  hugepageLimits?: { pageSize: string; limit: number }[] | undefined;
  /** Files of cgroup v2 by name; refused by runc on version 1. */
  unified?: Record<string, string> | undefined;
}

export interface OciMemory {
  limit?: number | undefined;
  /** Memory and swap together; -1 is no limit. */
  swap?: number | undefined;
}

export interface OciCpu {
  shares?: number | undefined;
  quota?: number | undefined;
  period?: number | undefined;
  /** A list such as `0-2,7`. */
  cpus?: string | undefined;
  mems?: string | undefined;
}

export interface OciSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number | undefined;
  architectures?: string[] | undefined;
  flags?: string[] | undefined;
  syscalls?: OciSyscallRule[] | undefined;
}

export interface OciSyscallRule {
  names: string[];
  action: string;
  errnoRet?: number | undefined;
  args?: OciSyscallArg[] | undefined;
}

export interface OciSyscallArg {
  index: number;
  value: number;
  valueTwo?: number | undefined;
  op: string;
}

/**
 * A seccomp profile as container engines ship it: the OCI document with conditions on its rules, and a table
 * in place of the list of architectures. A plain OCI document is one too.
 */
export interface SeccompProfile extends Omit<OciSeccomp, "syscalls"> {
  archMap?: { architecture: string; subArchitectures: string[] | null }[] | undefined;
  syscalls?: SeccompProfileRule[] | null | undefined;
}

export interface SeccompProfileRule extends OciSyscallRule {
  includes?: SeccompCondition | null | undefined;
  excludes?: SeccompCondition | null | undefined;
}

export interface SeccompCondition {
  caps?: string[] | undefined;
  /** As image indexes spell them. */
  arches?: string[] | undefined;
}

/** Who a pod or a container is to SELinux: contexts such as `system_u:system_r:container_t:s0:c1,c2`. */
export interface SelinuxLabels {
  process: string;
  /** Of its root file system, and of all that is made for it. */
  file: string;
}
