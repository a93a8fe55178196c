import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { ConnectRouter } from "@connectrpc/connect";

import { KeyedLock } from "../async/keyed-lock.js";
import { SharedWork } from "../async/shared-work.js";
import { ImageService, RuntimeService } from "../proto.js";
import { detectCgroups } from "./adapters/cgroups/cgroups.js";
import { bridgeNetwork, configuredNetwork, type Network } from "./adapters/cni/network.js";
import { createCni } from "./adapters/cni/plugin-network.js";
import { createConmon } from "./adapters/conmon/conmon.js";
import { DiskUsageCache } from "./adapters/disk-usage-cache.js";
import { readHostFacts } from "./adapters/host/host-facts.js";
import { readSeccompFile } from "./adapters/host/seccomp-file.js";
import { createNetns } from "./adapters/netns/netns.js";
import { createOverlay } from "./adapters/overlay/overlay.js";
import { createRunc } from "./adapters/runc/runc.js";
import { createSkopeo } from "./adapters/skopeo/skopeo.js";
import { createTmpfs } from "./adapters/tmpfs/tmpfs.js";
import { createUmoci } from "./adapters/umoci/umoci.js";
import type { RuntimeConfig } from "./config.js";
import type { Handler, LifecycleDeps, RuntimeDeps } from "./deps.js";
import type { ImageDeps } from "./image/image-deps.js";
import { openImageStores } from "./image/open.js";
import { Exits } from "./lifecycle/exits.js";
import type { Logger } from "./log.js";
import { type RuntimePaths, runtimePaths } from "./paths.js";
import { makePauseRootfs } from "./pause-rootfs.js";
import type { Programs } from "./programs.js";
import { createImageService } from "./server/image-service.js";
import { instrument } from "./server/instrument.js";
import { createRuntimeService } from "./server/runtime-service.js";
import { type ContainerRecord, containerRecordVersion } from "./state/container-record.js";
import { LayerClaims } from "./state/layer-claims.js";
import { Names } from "./state/names.js";
import { type SandboxRecord, sandboxRecordVersion } from "./state/sandbox-record.js";
import { RecordStore } from "./state/store.js";

export interface Composed {
  deps: RuntimeDeps;
  exits: Exits;
  routes(router: ConnectRouter): void;
}

/** Builds every adapter and hands it to the use cases. Nothing is recovered or served yet. */
export async function compose(config: RuntimeConfig, programs: Programs, log: Logger): Promise<Composed> {
  const paths = runtimePaths(config);
  // First of all: a record of a newer version is refused before anything is changed.
  const records = await openRecords(paths);
  const stores = await openImageStores(paths);
  await makeDirectories(paths);
  await makePauseRootfs(paths.pauseRootfs, programs.catatonit);
  const lifecycle: LifecycleDeps = {
    paths,
    log,
    ...records,
    ...stores,
    layerClaims: new LayerClaims(),
    sandboxNames: new Names("sandbox"),
    containerNames: new Names("container"),
    handlers: createHandlers(config, paths, programs),
    locks: new KeyedLock(),
    cgroups: await detectCgroups(),
    conmon: createConmon({ path: programs.conmon }),
    cni: createCni({
      network: network(config, paths),
      pluginDirectories: config.cniPluginDirs,
      cacheDirectory: paths.cniResults,
    }),
    netns: createNetns(),
    overlay: createOverlay(),
    tmpfs: createTmpfs(),
  };
  const host = await readHostFacts();
  const exits = new Exits(lifecycle);
  const deps: RuntimeDeps = {
    ...lifecycle,
    config,
    exits,
    host,
    diskUsage: new DiskUsageCache(),
    seccompDefault: await readSeccompFile(config.seccompProfile),
    cgroupParent: cgroupParent(config),
  };
  const runtimeService = createRuntimeService(deps);
  const imageService = createImageService(imageDeps(deps, programs));
  return {
    deps,
    exits,
    routes(router) {
      router.service(RuntimeService, instrument(RuntimeService, runtimeService, log));
      router.service(ImageService, instrument(ImageService, imageService, log));
    },
  };
}

function imageDeps(deps: RuntimeDeps, programs: Programs): ImageDeps {
  const { paths, host } = deps;
  const { registriesConf, insecureRegistries, signaturePolicy: policy } = deps.config;
  const { architecture } = host;
  const temporaryDirectory = paths.temporary;
  return {
    ...deps,
    architecture,
    insecureRegistries,
    verifiesSignatures: policy !== undefined,
    fetches: new SharedWork(),
    skopeo: createSkopeo({ path: programs.skopeo, temporaryDirectory, registriesConf, policy, architecture }),
    umoci: createUmoci({ path: programs.umoci, zstd: programs.zstd, temporaryDirectory }),
  };
}

/** One for each runtime on a host, so that purging one cannot touch the groups of another. */
function cgroupParent({ state }: RuntimeConfig): string {
  return `/crikit-${createHash("sha256").update(state).digest("hex").slice(0, 8)}`;
}

async function makeDirectories(paths: RuntimePaths): Promise<void> {
  const own = [paths.oci, paths.exits, paths.persist, paths.attach, paths.sandboxState, paths.containerState];
  for (const directory of own) await mkdir(directory, { recursive: true, mode: 0o700 });
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

function createHandlers(
  config: RuntimeConfig,
  paths: RuntimePaths,
  programs: Programs,
): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const [name, { args, features }] of Object.entries(config.handlers)) {
    const path = programs.handlers[name] ?? "";
    const root = join(paths.oci, name);
    const handler = { name, path, root, args, features, runc: createRunc({ path, root, args }) };
    handlers.set(name, handler);
    if (name === config.defaultHandler) handlers.set("", handler);
  }
  return handlers;
}

function network({ cniConfDir, bridge, subnet }: RuntimeConfig, paths: RuntimePaths): Network {
  if (cniConfDir !== undefined) return configuredNetwork(cniConfDir);
  return bridgeNetwork({ name: `crikit-${bridge}`, bridge, subnet, leaseDirectory: paths.cniLeases });
}
