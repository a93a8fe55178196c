import { access, constants } from "node:fs/promises";
import { join } from "node:path";

import { InvalidArgumentError } from "../errors.js";
import { bridgeNetwork, configuredNetwork, type Network } from "./adapters/cni/network.js";
import { createCni } from "./adapters/cni/plugin-network.js";
import type { HostFacts } from "./adapters/host/host-facts.js";
import { readSeccompFile } from "./adapters/host/seccomp-file.js";
import { createRunc } from "./adapters/runc/runc.js";
import { createSkopeo } from "./adapters/skopeo/skopeo.js";
import { settings } from "./config/settings.js";
import type { RuntimeConfig } from "./config.js";
import type { Handler, RuntimeDeps } from "./deps.js";
import { handlerFeatures } from "./handler-features.js";
import type { ImageDeps } from "./image/image-deps.js";
import type { RuntimePaths } from "./paths.js";
import type { Programs } from "./programs.js";

/** What the use cases stand on and a reload of the configuration replaces. */
export type ReloadableParts = Pick<RuntimeDeps, "config" | "handlers" | "cni" | "seccompDefault"> &
  Pick<ImageDeps, "skopeo" | "insecureRegistries" | "verifiesSignatures">;

/** Makes them for a configuration. Throws when a file that it names cannot be read. */
export async function reloadableParts(
  config: RuntimeConfig,
  { paths, programs, host }: { paths: RuntimePaths; programs: Programs; host: HostFacts },
): Promise<ReloadableParts> {
  for (const key of ["registriesConf", "signaturePolicy"] as const) await checkReadable(config, key);
  const { registriesConf, insecureRegistries, signaturePolicy: policy } = config;
  return {
    config,
    handlers: createHandlers(config, { paths, programs, host }),
    cni: createCni({
      network: network(config, paths),
      pluginDirectories: config.cniPluginDirs,
      cacheDirectory: paths.cniResults,
      owner: config.state,
    }),
    seccompDefault: await readSeccompFile(config.seccompProfile),
    insecureRegistries,
    verifiesSignatures: policy !== undefined,
    skopeo: createSkopeo({
      path: programs.skopeo,
      temporaryDirectory: paths.temporary,
      registriesConf,
      policy,
      architecture: host.architecture,
    }),
  };
}

async function checkReadable(
  config: RuntimeConfig,
  key: "registriesConf" | "signaturePolicy",
): Promise<void> {
  const path = config[key];
  if (path === undefined) return;
  await access(path, constants.R_OK).catch((cause) => {
    throw new InvalidArgumentError(`${settings[key].key}: ${path} cannot be read`, { cause, field: key });
  });
}

function createHandlers(
  config: RuntimeConfig,
  { paths, programs, host }: { paths: RuntimePaths; programs: Programs; host: HostFacts },
): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const [name, { args, root: given, features: told }] of Object.entries(config.handlers)) {
    const path = programs.handlers[name] ?? "";
    const root = given ?? join(paths.oci, name);
    const ownsRoot = given === undefined;
    const runc = createRunc({ path, root, args });
    const features = async () => handlerFeatures(await runc.features(), host, told);
    const handler = { name, path, root, ownsRoot, args, features, runc };
    handlers.set(name, handler);
    if (name === config.defaultHandler) handlers.set("", handler);
  }
  return handlers;
}

function network({ cniConfDir, bridge, subnet }: RuntimeConfig, paths: RuntimePaths): Network {
  if (cniConfDir !== undefined) return configuredNetwork(cniConfDir);
  return bridgeNetwork({ name: `crikit-${bridge}`, bridge, subnet, leaseDirectory: paths.cniLeases });
}
