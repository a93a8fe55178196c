import { CriError } from "../errors.js";
import { findProgram } from "./adapters/find-program.js";
import type { RuntimeConfig } from "./config.js";

/** Programs that the runtime cannot do without, by the Debian and Ubuntu packages that bring them. */
const packages = {
  conmon: "conmon",
  skopeo: "skopeo",
  umoci: "umoci",
  zstd: "zstd",
  catatonit: "catatonit",
  ip: "iproute2",
  iptables: "iptables",
  mount: "mount",
  umount: "mount",
  unshare: "util-linux",
  setpriv: "util-linux",
  flock: "util-linux",
} as const;

const builtInNetworkPlugins = ["bridge", "host-local", "portmap"];

export interface Programs {
  conmon: string;
  skopeo: string;
  umoci: string;
  zstd: string;
  catatonit: string;
  /** The OCI runtimes' paths by handler name. */
  handlers: Record<string, string>;
}

/** Finds every program; one error lists all that are missing, with the mend. */
export async function findPrograms(config: RuntimeConfig): Promise<Programs> {
  const missing: string[] = [];
  const missingPackages = new Set<string>();
  const find = async (
    name: string,
    packageName?: string,
    { directories, label = name }: { directories?: readonly string[]; label?: string } = {},
  ): Promise<string> => {
    const path = await findProgram(name, directories);
    if (path === undefined) {
      missing.push(label);
      if (packageName !== undefined) missingPackages.add(packageName);
    }
    return path ?? "";
  };
  const found: Record<string, string> = {};
  for (const [name, packageName] of Object.entries(packages)) found[name] = await find(name, packageName);
  const handlers: Record<string, string> = {};
  for (const [name, { path }] of Object.entries(config.handlers)) {
    const label = `${path} (handlers.${name}.path)`;
    handlers[name] = await find(path, path === "runc" ? "runc" : undefined, { label });
  }
  if (config.cniConfDir === undefined) {
    for (const plugin of builtInNetworkPlugins) {
      await find(plugin, "containernetworking-plugins", { directories: config.cniPluginDirs });
    }
  }
  if (missing.length > 0) {
    const mend = missingPackages.size > 0 ? `: apt-get install ${[...missingPackages].join(" ")}` : "";
    throw new CriError("failed_precondition", `Programs not found: ${missing.join(", ")}${mend}`);
  }
  const { conmon = "", skopeo = "", umoci = "", zstd = "", catatonit = "" } = found;
  return { conmon, skopeo, umoci, zstd, catatonit, handlers };
}
