import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { InvalidArgumentError } from "../errors.js";
import { type RuntimeConfig, resolveConfig } from "./config.js";
import { logLevels } from "./log.js";

export type Command =
  | { name: "serve"; config: RuntimeConfig }
  | { name: "purge"; config: RuntimeConfig }
  | { name: "version" | "help" };

export const usage = `Usage: crikit-runtime [purge] [options]

Serves the Kubernetes Container Runtime Interface on a unix socket.
With "purge": ends and removes every pod, container, image, mount and network of a root and its state.

  --listen ADDRESS           where to serve (unix:///run/crikit/crikit.sock)
  --root DIR                 records, images, writable layers (/var/lib/crikit)
  --state DIR                sockets, mounts, bundles; may be lost with a reboot (/run/crikit)
  --bridge NAME              bridge of the built-in network (crikit0)
  --subnet CIDR              addresses of its pods (10.89.0.0/16)
  --cni-conf-dir DIR         use the CNI network configured there instead
  --cni-plugin-dir DIR       where CNI plugins are; may be repeated (/opt/cni/bin, /usr/lib/cni, /usr/libexec/cni)
  --registries-conf FILE     mirrors and insecure registries, in containers-registries.conf format
  --insecure-registry HOST   may be spoken to without TLS; may be repeated
  --log-level LEVEL          ${logLevels.join(", ")} (info)
  --version                  print the version
  --help                     print this
`;

const options = {
  listen: { type: "string" },
  root: { type: "string" },
  state: { type: "string" },
  bridge: { type: "string" },
  subnet: { type: "string" },
  "cni-conf-dir": { type: "string" },
  "cni-plugin-dir": { type: "string", multiple: true },
  "registries-conf": { type: "string" },
  "insecure-registry": { type: "string", multiple: true },
  "log-level": { type: "string" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** What the command line asks for. Throws `InvalidArgumentError` naming the flag. */
export function parseFlags(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: "help" };
  if (values.version) return { name: "version" };
  const [name = "serve", ...rest] = positionals;
  if (name !== "serve" && name !== "purge") {
    throw new InvalidArgumentError(`Unknown command "${name}": the only one is purge`);
  }
  if (rest[0] !== undefined) throw new InvalidArgumentError(`Unexpected argument "${rest[0]}"`);
  const logLevel = values["log-level"];
  const known = logLevels.find((level) => level === logLevel);
  if (logLevel !== undefined && !known) {
    throw new InvalidArgumentError(`--log-level: "${logLevel}" is none of ${logLevels.join(", ")}`);
  }
  const directory = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  const given: { [key in keyof RuntimeConfig]?: RuntimeConfig[key] | undefined } = {
    listen: values.listen,
    root: directory(values.root),
    state: directory(values.state),
    bridge: values.bridge,
    subnet: values.subnet,
    cniConfDir: directory(values["cni-conf-dir"]),
    cniPluginDirs: values["cni-plugin-dir"]?.map((path) => resolve(path)),
    registriesConf: directory(values["registries-conf"]),
    insecureRegistries: values["insecure-registry"],
    logLevel: known,
  };
  return { name, config: resolveGiven(given) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidArgumentError(`${reason.split(". ")[0]}: see crikit-runtime --help`, { cause });
  }
}

function resolveGiven(given: { [key in keyof RuntimeConfig]?: RuntimeConfig[key] | undefined }) {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  try {
    return resolveConfig(present);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`--${error.message}`, { cause: error, field: error.field });
  }
}
