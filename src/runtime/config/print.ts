import { stringify } from "yaml";

import type { HandlerConfig } from "../config.js";
import type { LoadedConfig } from "./load.js";
import { allSettings } from "./settings.js";

/** A configuration in the form of a configuration file. What is unset is left out. */
export function printConfig({ config, file }: LoadedConfig): string {
  const shown: Record<string, unknown> = {};
  for (const [key, { key: name }] of allSettings) {
    const value = config[key];
    if (value !== undefined) shown[name] = key === "handlers" ? showHandlers(config.handlers) : value;
  }
  const from = file === undefined ? "no file" : file;
  return `# Defaults, then ${from}, then flags.\n${stringify(shown)}`;
}

function showHandlers(handlers: Readonly<Record<string, HandlerConfig>>): Record<string, unknown> {
  const shown = Object.entries(handlers).map(([name, { path, args, root, features = {} }]) => {
    const told = {
      "recursive-read-only-mounts": features.recursiveReadOnlyMounts,
      "user-namespaces": features.userNamespaces,
    };
    const isTold = Object.values(told).some((value) => value !== undefined);
    const shownRoot = root !== undefined && { root };
    return [name, { path, args, ...shownRoot, ...(isTold && { features: told }) }];
  });
  return Object.fromEntries(shown);
}
