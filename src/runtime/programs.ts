import { CriError } from "../errors.js";
import { findProgram } from "./adapters/find-program.js";
import { packageOf } from "./adapters/packages.js";
import type { RuntimeConfig } from "./config.js";

/** Called by their paths. */
const tools = ["conmon", "skopeo", "umoci", "zstd", "catatonit"] as const;
/** Called by their names. */
const systemTools = [
  ...["ip", "iptables", "mount", "umount", "unshare", "setpriv", "flock"],
  ...["nsenter", "socat", "script", "stty"],
];
const builtInNetworkPlugins = ["bridge", "host-local", "portmap"];

export type Programs = Record<(typeof tools)[number], string> & {
  /** The OCI runtimes' paths by handler name. */
  handlers: Record<string, string>;
};

interface Wanted {
  name: string;
  /** How an error calls it; its name unless given. */
  label?: string;
  /** Where to look; where programs are unless given. */
  directories?: readonly string[];
}

/** Finds every program; one error lists all that are missing, with the mend. */
export async function findPrograms(config: RuntimeConfig): Promise<Programs> {
  const handlers = Object.entries(config.handlers).map(([name, { path }]) => ({ name, path }));
  const directories = config.cniPluginDirs;
  const plugins = config.cniConfDir === undefined ? builtInNetworkPlugins : [];
  const found = await findAll([
    ...[...tools, ...systemTools].map((name) => ({ name })),
    ...handlers.map(({ name, path }) => ({ name: path, label: `${path} (handlers.${name}.path)` })),
    ...plugins.map((name) => ({ name, directories })),
  ]);
  const pathOf = (name: string) => found.get(name) ?? "";
  return {
    conmon: pathOf("conmon"),
    skopeo: pathOf("skopeo"),
    umoci: pathOf("umoci"),
    zstd: pathOf("zstd"),
    catatonit: pathOf("catatonit"),
    handlers: Object.fromEntries(handlers.map(({ name, path }) => [name, pathOf(path)])),
  };
}

// Each is a dozen questions to the disk: all are asked at once, as every start waits for the answers.
async function findAll(wanted: readonly Wanted[]): Promise<Map<string, string>> {
  const paths = await Promise.all(wanted.map(({ name, directories }) => findProgram(name, directories)));
  const missing = wanted.filter((_, index) => paths[index] === undefined);
  if (missing.length > 0) throw notFound(missing);
  return new Map(wanted.map(({ name }, index) => [name, paths[index] ?? ""]));
}

function notFound(missing: readonly Wanted[]): CriError {
  const packages = new Set(missing.map(({ name }) => packageOf(name)).filter((name) => name !== undefined));
  const mend = packages.size > 0 ? `: apt-get install ${[...packages].join(" ")}` : "";
  const labels = missing.map(({ name, label = name }) => label);
  return new CriError("failed_precondition", `Programs not found: ${labels.join(", ")}${mend}`);
}
