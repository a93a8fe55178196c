import { join } from "node:path";

/** Where everything lies, below the two directories that the configuration names. */
export interface RuntimePaths {
  /** Records that outlive a reboot. */
  sandboxRecords: string;
  containerRecords: string;
  imageRecords: string;
  /** Parents of what `sandbox` and `container` name. */
  sandboxState: string;
  containerState: string;
  layers: string;
  /** For what a pull needs while it runs. */
  temporary: string;
  /** The root file system of every pause container: one program. */
  pauseRootfs: string;
  /** OCI runtimes' own state, a directory per handler. */
  oci: string;
  exits: string;
  persist: string;
  /** One letter: socket paths below it are nearly as long as they may be. */
  attach: string;
  cniResults: string;
  cniLeases: string;
  sandbox(id: string): SandboxPaths;
  container(id: string): ContainerPaths;
}

export interface SandboxPaths {
  /** Also the OCI bundle of the pause container. */
  directory: string;
  netns: string;
  userns: string;
  shm: string;
  resolvConf: string;
  hosts: string;
  hostname: string;
}

export interface ContainerPaths {
  /** Also the OCI bundle. */
  directory: string;
  /** Of what must outlive a reboot, or may be too big for the state directory. */
  recordDirectory: string;
  rootfs: string;
  /** What the container writes, below the root directory as it must outlive a reboot. */
  upper: string;
  work: string;
  /** A volume that the image declares, below the root directory for the same reasons. */
  volume(index: number): string;
  /** Where the image of one of its mounts is mounted. */
  imageVolume(mount: number): string;
}

export function runtimePaths({ root, state }: { root: string; state: string }): RuntimePaths {
  return {
    sandboxRecords: join(root, "sandboxes"),
    containerRecords: join(root, "containers"),
    imageRecords: join(root, "images"),
    sandboxState: join(state, "sandboxes"),
    containerState: join(state, "containers"),
    layers: join(root, "layers"),
    temporary: join(root, "tmp"),
    pauseRootfs: join(state, "pause"),
    oci: join(state, "oci"),
    exits: join(state, "exits"),
    persist: join(state, "persist"),
    attach: join(state, "a"),
    cniResults: join(state, "cni"),
    cniLeases: join(state, "leases"),
    sandbox(id) {
      const directory = join(state, "sandboxes", id);
      return {
        directory,
        netns: join(directory, "netns"),
        userns: join(directory, "userns"),
        shm: join(directory, "shm"),
        resolvConf: join(directory, "resolv.conf"),
        hosts: join(directory, "hosts"),
        hostname: join(directory, "hostname"),
      };
    },
    container(id) {
      const directory = join(state, "containers", id);
      const record = join(root, "containers", id);
      return {
        directory,
        recordDirectory: record,
        rootfs: join(directory, "rootfs"),
        upper: join(record, "upper"),
        work: join(record, "work"),
        volume: (index) => join(record, "volumes", String(index)),
        imageVolume: (mount) => join(directory, "image-volumes", String(mount)),
      };
    },
  };
}
