import { isIPv4 } from "node:net";
import { isAbsolute, resolve } from "node:path";

import { InvalidArgumentError } from "../errors.js";
import type { LogFormat, LogLevel } from "./log.js";

/** An OCI runtime that a pod can ask for by name. */
export interface HandlerConfig {
  /** The program: a path, or a name that is looked up. It has the command line of runc. */
  path: string;
  /** Given before every command. */
  args: readonly string[];
  /** Where it keeps its state; a directory of the runtime's own below `state` unless given. */
  root?: string | undefined;
  /** What it can do, as `Status` reports it. What is not set, the program is asked for (`features`). */
  features?:
    | { recursiveReadOnlyMounts?: boolean | undefined; userNamespaces?: boolean | undefined }
    | undefined;
}

export const selinuxModes = ["ignore", "label"] as const;
/** `ignore` passes over SELinux options, `label` gives containers and their files labels. */
export type SelinuxMode = (typeof selinuxModes)[number];

/** What a runtime is told at its start: docs/runtime-config.md has each key. */
export interface RuntimeConfig {
  /** Where to serve: `unix:///PATH`, or the absolute path alone. */
  listen: string;
  /** Who may use the socket besides root: a group's name or number. They can do on the host what root can. */
  socketGroup?: string | undefined;
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
  /** A containers-policy.json file: which signatures images must bear. Any image is accepted unless given. */
  signaturePolicy?: string | undefined;
  /** Registries (`HOST:PORT`) that may be spoken to without TLS. */
  insecureRegistries: readonly string[];
  /** The OCI runtimes by the name that `runtime_handler` gives. */
  handlers: Readonly<Record<string, HandlerConfig>>;
  /** The handler of pods that ask for none. */
  defaultHandler: string;
  /** The profile behind seccomp's RuntimeDefault. */
  seccompProfile: string;
  /** Directories of CDI specifications, which describe devices: of two about one device the later one's counts. */
  cdiSpecDirs: readonly string[];
  /** What becomes of `selinux_options`: passed over, or containers and their files are labelled. */
  selinux: SelinuxMode;
  /** The least important messages that are written. */
  logLevel: LogLevel;
  /** How messages are written: JSON lines, or text for people, which `auto` chooses on a terminal. */
  logFormat: LogFormat;
}

/** What holds for each key that is not set. */
export const defaultConfig: RuntimeConfig = {
  listen: "unix:///run/crikit/crikit.sock",
  root: "/var/lib/crikit",
  state: "/run/crikit",
  bridge: "crikit0",
  subnet: "10.89.0.0/16",
  cniPluginDirs: ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"],
  insecureRegistries: [],
  handlers: {
    runc: { path: "runc", args: [] },
  },
  defaultHandler: "runc",
  seccompProfile: "/usr/share/containers/seccomp.json",
  cdiSpecDirs: ["/etc/cdi", "/var/run/cdi"],
  selinux: "ignore",
  logLevel: "info",
  logFormat: "auto",
};

// The kernel's limits: `sun_path` without its final zero, and interface names likewise.
const maxSocketPathBytes = 107;
const maxInterfaceNameBytes = 15;

interface Problem {
  key: keyof RuntimeConfig;
  why: string;
}

/**
 * The defaults with what is given laid over them, checked: `listen` as an address, directories without `..`.
 * Throws `InvalidArgumentError` whose message begins with the key, as `nameOf` spells it.
 */
export function resolveConfig(
  given: Partial<RuntimeConfig> = {},
  nameOf: (key: keyof RuntimeConfig) => string = (key) => key,
): RuntimeConfig {
  const config = { ...defaultConfig, ...given };
  for (const { key, why } of [
    ...placeProblems(config),
    ...networkProblems(config),
    ...handlerProblems(config),
  ]) {
    throw new InvalidArgumentError(`${nameOf(key)}: ${why}`, { field: key });
  }
  const listen = `unix://${pathOf(config.listen)}`;
  return { ...config, listen, root: resolve(config.root), state: resolve(config.state) };
}

/** The socket's file in a configuration that `resolveConfig` gave. */
export function socketPath({ listen }: RuntimeConfig): string {
  return pathOf(listen);
}

function pathOf(listen: string): string {
  return /^unix:(?:\/\/)?(\/.*)$/.exec(listen)?.[1] ?? listen;
}

function* placeProblems(config: RuntimeConfig): Generator<Problem> {
  const path = pathOf(config.listen);
  if (!isAbsolute(path)) {
    yield { key: "listen", why: `"${config.listen}" is not an address such as unix:///run/crikit.sock` };
  } else if (Buffer.byteLength(path) > maxSocketPathBytes) {
    yield {
      key: "listen",
      why: `${path} is longer than the ${maxSocketPathBytes} bytes of a unix socket path`,
    };
  }
  for (const key of ["root", "state"] as const) {
    if (!isAbsolute(config[key])) yield { key, why: `"${config[key]}" is not an absolute path` };
  }
  if (resolve(config.root) === resolve(config.state)) {
    yield { key: "state", why: "is the same directory as root" };
  }
}

function* networkProblems({ bridge, subnet }: RuntimeConfig): Generator<Problem> {
  if (!/^[^/\s]+$/.test(bridge) || Buffer.byteLength(bridge) > maxInterfaceNameBytes) {
    yield { key: "bridge", why: `"${bridge}" is not an interface name of at most 15 bytes` };
  }
  const [address = "", prefix = ""] = subnet.split("/");
  if (!isIPv4(address) || !/^([89]|[12]\d|30)$/.test(prefix)) {
    yield { key: "subnet", why: `"${subnet}" is not a subnet such as 10.89.0.0/16` };
  }
}

function* handlerProblems({ handlers, defaultHandler }: RuntimeConfig): Generator<Problem> {
  for (const name of Object.keys(handlers)) {
    // As Kubernetes has it; it names a directory as well.
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
      yield { key: "handlers", why: `"${name}" is not a name of a-z, 0-9 and -` };
    }
    const root = handlers[name]?.root;
    if (root !== undefined && !isAbsolute(root)) {
      yield { key: "handlers", why: `the root of ${name}, "${root}", is not an absolute path` };
    }
  }
  if (!Object.hasOwn(handlers, defaultHandler)) {
    const names = Object.keys(handlers).join(", ") || "none";
    yield { key: "defaultHandler", why: `"${defaultHandler}" is not among the handlers (${names})` };
  }
}
