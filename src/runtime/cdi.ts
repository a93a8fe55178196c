// The part of the Container Device Interface (1.1.0) that crikit reads, in the specification's own words.

/** What a specification file says. */
export interface CdiSpec {
  /** `VENDOR/CLASS`, before the `=` in the names of its devices. */
  kind: string;
  devices: { name: string; containerEdits: CdiEdits }[];
  /** Made whenever one of the devices is. */
  containerEdits: CdiEdits;
}

/** Changes to an OCI spec. */
export interface CdiEdits {
  /** `NAME=value`. */
  env?: string[] | undefined;
  deviceNodes?: CdiDeviceNode[] | undefined;
  netDevices?: { hostInterfaceName: string; name: string }[] | undefined;
  hooks?: CdiHook[] | undefined;
  mounts?: CdiMount[] | undefined;
  intelRdt?: CdiIntelRdt | undefined;
  additionalGids?: number[] | undefined;
}

export interface CdiDeviceNode {
  path: string;
  /** Where the host has it; `path` unless given. */
  hostPath?: string | undefined;
  /** The host's, as the numbers are, unless given. `u` is a character device, `p` a FIFO. */
  type?: "b" | "c" | "u" | "p" | undefined;
  major?: number | undefined;
  minor?: number | undefined;
  fileMode?: number | undefined;
  /** Of `r`, `w` and `m`, all of them unless given; `none` makes a node that the device cgroup forbids. */
  permissions?: string | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
}

export interface CdiMount {
  hostPath: string;
  containerPath: string;
  options?: string[] | undefined;
  type?: string | undefined;
}

export const cdiHookNames = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;

export type CdiHookName = (typeof cdiHookNames)[number];

export interface CdiHook {
  hookName: CdiHookName;
  path: string;
  args?: string[] | undefined;
  env?: string[] | undefined;
  /** Seconds. */
  timeout?: number | undefined;
}

export interface CdiIntelRdt {
  closID?: string | undefined;
  l3CacheSchema?: string | undefined;
  memBwSchema?: string | undefined;
  schemata?: string[] | undefined;
  enableMonitoring?: boolean | undefined;
}
