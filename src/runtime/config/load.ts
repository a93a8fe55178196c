import { type RuntimeConfig, resolveConfig } from "../config.js";
import { readConfigFile } from "./file.js";
import { type ConfigKey, settings } from "./settings.js";

/** Where the configuration comes from: each lies over the one before. */
export interface ConfigSources {
  /** The file that was named; the one at the default place, if any, unless given. */
  file: string | undefined;
  flags: Partial<RuntimeConfig>;
}

export interface LoadedConfig {
  config: RuntimeConfig;
  /** The file that was read. */
  file: string | undefined;
}

export async function loadConfig({ file: named, flags }: ConfigSources): Promise<LoadedConfig> {
  const file = await readConfigFile(named);
  const nameOf = (key: ConfigKey) => {
    if (flags[key] !== undefined) return `--${settings[key].flag}`;
    return file ? file.place(key) : settings[key].key;
  };
  return { config: resolveConfig({ ...file?.values, ...flags }, nameOf), file: file?.path };
}
