import { isAbsolute, resolve } from "node:path";

import { InvalidArgumentError } from "../errors.js";
import type { LogLevel } from "./log.js";

/** An OCI runtime that a pod can ask for by name. */
export interface HandlerConfig {
  /** The program: a path, or a name that is looked up. It has the command line of runc. */
  path: string;
  /** Given before every command. */
  args: readonly string[];
  /** What it can do, as `Status` reports it. */
  features: { recursiveReadOnlyMounts: boolean; userNamespaces: boolean };
}

export interface RuntimeConfig {
  /** Where to serve: `unix:///PATH`, or the absolute path alone. */
  listen: string;
  /** What must outlive a reboot: records, images, writable layers. One daemon per directory. */
  root: string;
  /** What a reboot may end: bundles, sockets, mounts, namespaces. */
  state: string;
  /** Interface name of the built-in network's bridge. */
  bridge: string;
  /** Addresses of the built-in network's pods. */
  subnet: string;
  /** Directory of a CNI network to use in place of the built-in one. */
  cniConfDir?: string | undefined;
  /** Searched in order for CNI plugins. */
  cniPluginDirs: readonly string[];
  /** A containers-registries.conf file: mirrors, remapped and insecure registries. */
  registriesConf?: string | undefined;
  /** Registries (`HOST:PORT`) that may be spoken to without TLS. */
  insecureRegistries: readonly string[];
  /** The OCI runtimes by the name that `runtime_handler` gives. */
  handlers: Readonly<Record<string, HandlerConfig>>;
  /** The handler of pods that ask for none. */
  defaultHandler: string;
  /** The profile behind seccomp's RuntimeDefault. */
  seccompProfile: string;
  logLevel: LogLevel;
}

export const defaultConfig: RuntimeConfig = {
  listen: "unix:///run/crikit/crikit.sock",
  root: "/var/lib/crikit",
  state: "/run/crikit",
  bridge: "crikit0",
  subnet: "10.89.0.0/16",
  cniPluginDirs: ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"],
  insecureRegistries: [],
  handlers: {
    runc: {
      path: "runc",
      args: [],
      features: { recursiveReadOnlyMounts: true, userNamespaces: false },
    },
  },
  defaultHandler: "runc",
  seccompProfile: "/usr/share/containers/seccomp.json",
  logLevel: "info",
};

// The kernel's limits: `sun_path` without its final zero, and interface names likewise.
const maxSocketPathBytes = 107;
const maxInterfaceNameBytes = 15;

/** The defaults with what is given laid over them, checked. Throws `InvalidArgumentError` naming the key. */
export function resolveConfig(given: Partial<RuntimeConfig> = {}): RuntimeConfig {
  const config = { ...defaultConfig, ...given };
  const path = socketPath(config.listen);
  if (Buffer.byteLength(path) > maxSocketPathBytes) {
    throw refusal("listen", `${path} is longer than the ${maxSocketPathBytes} bytes of a unix socket path`);
  }
  for (const key of ["root", "state"] as const) {
    if (!isAbsolute(config[key])) throw refusal(key, `"${config[key]}" is not an absolute path`);
  }
  const root = resolve(config.root);
  const state = resolve(config.state);
  if (root === state) throw refusal("state", "is the same directory as root");
  if (!/^[^/\s]+$/.test(config.bridge) || Buffer.byteLength(config.bridge) > maxInterfaceNameBytes) {
    throw refusal("bridge", `"${config.bridge}" is not an interface name of at most 15 bytes`);
  }
  if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(config.subnet)) {
    throw refusal("subnet", `"${config.subnet}" is not a subnet such as 10.89.0.0/16`);
  }
  if (!config.handlers[config.defaultHandler]) {
    throw refusal("defaultHandler", `"${config.defaultHandler}" is not among the handlers`);
  }
  return { ...config, root, state };
}

/** The path of an address such as `unix:///run/crikit/crikit.sock`. */
export function socketPath(listen: string): string {
  const path = /^unix:(?:\/\/)?(\/.*)$/.exec(listen)?.[1] ?? listen;
  if (!isAbsolute(path))
    throw refusal("listen", `"${listen}" is not an address such as unix:///run/crikit.sock`);
  return path;
}

function refusal(key: keyof RuntimeConfig, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`${key}: ${why}`, { field: key });
}
