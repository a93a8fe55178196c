import { createHash } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";

import { KeyedLock } from "../async/keyed-lock.js";
import { SharedWork } from "../async/shared-work.js";
import { ImageService, RuntimeService } from "../proto.js";
import { StreamingServer } from "../streaming/streaming-server.js";
import type { Router } from "../wire/grpc-server/rpcs.js";
import { type AppArmor, createAppArmor } from "./adapters/apparmor/apparmor.js";
import { detectCgroups } from "./adapters/cgroups/cgroups.js";
import { createConmon } from "./adapters/conmon/conmon.js";
import { DiskUsageCache } from "./adapters/disk-usage-cache.js";
import { findProgram } from "./adapters/find-program.js";
import { appArmorProfiles, readHostFacts } from "./adapters/host/host-facts.js";
import { createNetns } from "./adapters/netns/netns.js";
import { createOverlay } from "./adapters/overlay/overlay.js";
import { relabel } from "./adapters/selinux/relabel.js";
import type { Selinux } from "./adapters/selinux/selinux.js";
import { createTmpfs } from "./adapters/tmpfs/tmpfs.js";
import { createUmoci } from "./adapters/umoci/umoci.js";
import type { RuntimeConfig } from "./config.js";
import type { LifecycleDeps, RuntimeDeps } from "./deps.js";
import type { ImageDeps } from "./image/image-deps.js";
import { openImageStores } from "./image/open.js";
import { Events } from "./lifecycle/events.js";
import { Exits } from "./lifecycle/exits.js";
import type { Logger } from "./log.js";
import { type RuntimePaths, runtimePaths } from "./paths.js";
import { makePauseRootfs } from "./pause-rootfs.js";
import type { Programs } from "./programs.js";
import { type ReloadableParts, reloadableParts } from "./reloadable.js";
import { Calls } from "./server/calls.js";
import { createImageService } from "./server/image-service.js";
import { instrument } from "./server/instrument.js";
import { createRuntimeService } from "./server/runtime-service.js";
import { createStreamingRuntime } from "./server/streaming-runtime.js";
import { type ContainerRecord, containerRecordVersion } from "./state/container-record.js";
import { LayerClaims } from "./state/layer-claims.js";
import { Names } from "./state/names.js";
import { type SandboxRecord, sandboxRecordVersion } from "./state/sandbox-record.js";
import { RecordStore } from "./state/store.js";

export interface Composed {
  deps: RuntimeDeps;
  exits: Exits;
  events: Events;
  /** The calls under way. */
  calls: Calls;
  streaming: StreamingServer;
  /**
   * Puts what can be reloaded of a configuration in force, for calls that begin from now on; those under way
   * go on with what they began with. When it throws, nothing has changed.
   */
  reload(config: RuntimeConfig, programs: Programs): Promise<void>;
  routes(router: Router): void;
}

/** Builds every adapter and hands it to the use cases. Nothing is recovered or served yet. */
export async function compose(
  config: RuntimeConfig,
  programs: Programs,
  { log, selinux }: { log: Logger; selinux?: Selinux | undefined },
): Promise<Composed> {
  const paths = runtimePaths(config);
  // First of all: a record of a newer version is refused before anything is changed.
  const records = await openRecords(paths);
  const stores = await openImageStores(paths);
  await makeDirectories(config, paths);
  await makePauseRootfs(paths.pauseRootfs, programs.catatonit);
  if (selinux) await relabel([paths.pauseRootfs], selinux.readOnlyFile);
  const host = await readHostFacts();
  const parts = await reloadableParts(config, { paths, programs, host });
  const lifecycle: LifecycleDeps & ReloadableParts = {
    paths,
    log,
    ...records,
    ...stores,
    layerClaims: new LayerClaims(),
    sandboxNames: new Names("sandbox"),
    containerNames: new Names("container"),
    ...parts,
    locks: new KeyedLock(),
    cgroups: await detectCgroups(),
    conmon: createConmon({ path: programs.conmon }),
    netns: createNetns(),
    overlay: createOverlay(),
    tmpfs: createTmpfs(),
  };
  const exits = new Exits(lifecycle);
  const events = new Events(lifecycle);
  const deps: RuntimeDeps & ReloadableParts = {
    ...lifecycle,
    exits,
    events,
    host,
    appArmor: host.appArmor ? await hostAppArmor(log) : undefined,
    selinux,
    diskUsage: new DiskUsageCache(),
    cgroupParent: cgroupParent(config),
  };
  const streaming = new StreamingServer(createStreamingRuntime(deps));
  const runtimeService = createRuntimeService(deps, streaming);
  const images = imageDeps(deps, programs);
  const imageService = createImageService(images);
  const calls = new Calls();
  return {
    deps,
    exits,
    events,
    calls,
    streaming,
    async reload(next, programs) {
      const replaced = await reloadableParts(next, { paths, programs, host });
      for (const each of [lifecycle, deps, images]) Object.assign(each, replaced);
    },
    routes(router) {
      router.service(RuntimeService, instrument(RuntimeService, runtimeService, log, calls));
      router.service(ImageService, instrument(ImageService, imageService, log, calls));
    },
  };
}

async function hostAppArmor(log: Logger): Promise<AppArmor> {
  const parser = await findProgram("apparmor_parser");
  if (parser === undefined) {
    log.warn(
      "AppArmor's default profile is passed over, as there is no apparmor_parser: apt-get install apparmor",
    );
  }
  return createAppArmor({ profilesFile: appArmorProfiles, parser });
}

function imageDeps(deps: RuntimeDeps & ReloadableParts, programs: Programs): ImageDeps {
  const { paths, host } = deps;
  return {
    ...deps,
    architecture: host.architecture,
    fetches: new SharedWork(),
    umoci: createUmoci({ path: programs.umoci, zstd: programs.zstd, temporaryDirectory: paths.temporary }),
  };
}

/** One for each runtime on a host, so that purging one cannot touch the groups of another. */
function cgroupParent({ state }: RuntimeConfig): string {
  return `/crikit-${createHash("sha256").update(state).digest("hex").slice(0, 8)}`;
}

async function makeDirectories({ state }: RuntimeConfig, paths: RuntimePaths): Promise<void> {
  const own = [paths.oci, paths.exits, paths.persist, paths.attach, paths.sandboxState, paths.containerState];
  for (const directory of own) await mkdir(directory, { recursive: true, mode: 0o700 });
  // Roots of user namespaces pass through on their way to a root file system, and a socket's group to that. What is
  // in these is closed, each to all but those whose it is.
  for (const directory of [state, paths.sandboxState, paths.containerState]) await chmod(directory, 0o711);
}

async function openRecords(paths: RuntimePaths) {
  const { store: sandboxes } = await RecordStore.open<SandboxRecord>({
    directory: paths.sandboxRecords,
    kind: "sandbox",
    version: sandboxRecordVersion,
  });
  const { store: containers } = await RecordStore.open<ContainerRecord>({
    directory: paths.containerRecords,
    kind: "container",
    version: containerRecordVersion,
  });
  return { sandboxes, containers };
}
