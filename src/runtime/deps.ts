import type { KeyedLock } from "../async/keyed-lock.js";
import type { AppArmor } from "./adapters/apparmor/apparmor.js";
import type { Cgroups } from "./adapters/cgroups/cgroups.js";
import type { Cni } from "./adapters/cni/cni.js";
import type { Conmon } from "./adapters/conmon/conmon.js";
import type { DiskUsageCache } from "./adapters/disk-usage-cache.js";
import type { HostFacts } from "./adapters/host/host-facts.js";
import type { Netns } from "./adapters/netns/netns.js";
import type { Overlay } from "./adapters/overlay/overlay.js";
import type { Runc } from "./adapters/runc/runc.js";
import type { Selinux } from "./adapters/selinux/selinux.js";
import type { Tmpfs } from "./adapters/tmpfs/tmpfs.js";
import type { RuntimeConfig } from "./config.js";
import type { HandlerFeatures } from "./handler-features.js";
import type { LifecycleEvent } from "./lifecycle/events.js";
import type { Logger } from "./log.js";
import type { SeccompProfile } from "./oci.js";
import type { RuntimePaths } from "./paths.js";
import type { ContainerRecord } from "./state/container-record.js";
import type { ImageRecord } from "./state/image-record.js";
import type { LayerClaims } from "./state/layer-claims.js";
import type { LayerRecord } from "./state/layer-record.js";
import type { Names } from "./state/names.js";
import type { SandboxRecord } from "./state/sandbox-record.js";
import type { RecordStore } from "./state/store.js";

/** An OCI runtime, found and ready to be called. */
export interface Handler {
  name: string;
  runc: Runc;
  /** What the monitor needs to call it. */
  path: string;
  root: string;
  /** Nobody else's containers can be in there. */
  ownsRoot: boolean;
  args: readonly string[];
  features(): Promise<HandlerFeatures>;
}

/** What the life cycle of sandboxes and containers stands on. */
export interface LifecycleDeps {
  paths: RuntimePaths;
  log: Logger;
  sandboxes: RecordStore<SandboxRecord>;
  containers: RecordStore<ContainerRecord>;
  images: RecordStore<ImageRecord>;
  layers: RecordStore<LayerRecord>;
  layerClaims: LayerClaims;
  sandboxNames: Names;
  containerNames: Names;
  /** By name; the empty name is the default handler's. */
  handlers: ReadonlyMap<string, Handler>;
  /** What is made or freed for a pod and its containers is done under the sandbox's ID. */
  locks: KeyedLock;
  cgroups: Cgroups;
  conmon: Conmon;
  cni: Cni;
  netns: Netns;
  overlay: Overlay;
  tmpfs: Tmpfs;
}

/** The ends of containers and pause processes. */
export interface ExitSource {
  /** Resolves once the record says that the container has ended; rejects with the signal's reason. */
  wait(id: string, options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Looks now whether it has ended, instead of waiting to be told. */
  check(id: string): Promise<void>;
}

/** What happens to containers and sandboxes. */
export interface EventSource {
  /** From this call on; the signal ends it with its own reason. */
  subscribe(signal?: AbortSignal): AsyncIterable<LifecycleEvent>;
}

/** What the use cases stand on. Made in `compose.ts`. */
export interface RuntimeDeps extends LifecycleDeps {
  config: RuntimeConfig;
  exits: ExitSource;
  events: EventSource;
  host: HostFacts;
  /** Undefined on a host without it. */
  appArmor: AppArmor | undefined;
  /** Undefined where containers get no labels. */
  selinux: Selinux | undefined;
  diskUsage: DiskUsageCache;
  /** The profile behind RuntimeDefault; undefined where the host has none. */
  seccompDefault: SeccompProfile | undefined;
  /** The cgroup of pods whose config names no parent. */
  cgroupParent: string;
}

export interface UseCaseOptions {
  /** The caller has gone: a wait ends, and what is half made is undone. What was done stays done. */
  signal?: AbortSignal | undefined;
}
