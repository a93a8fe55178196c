import { defaultConfig } from "../config.js";
import { defaultConfigFile } from "./file.js";
import { allSettings, type ConfigKey } from "./settings.js";

const columns = 28;

/** What `--help` prints. */
export function help(): string {
  const flags = allSettings.flatMap(([key, { flag, kind, value, about }]) => {
    if (flag === undefined) return [];
    const repeated = kind === "texts" || kind === "paths" ? "; may be repeated" : "";
    return [line(`--${flag} ${value}`, `${about.replaceAll("`", "")}${repeated}${shownDefault(key)}`)];
  });
  return `Usage: crikit-runtime [COMMAND] [OPTIONS]

Serves the Kubernetes Container Runtime Interface on a unix socket.

Commands:
${line("serve", "serve, until SIGTERM; the one that is meant when none is given")}
${line("config", "print the configuration that is in force, as a configuration file")}
${line("purge", "end and remove every pod, container, image, mount and network of a root and its state")}

Options:
${line("--config FILE", `read what the flags do not say from here (${defaultConfigFile}, if there is one)`)}
${flags.join("\n")}
${line("--version", "print the version")}
${line("--help", "print this")}

SIGHUP reads the configuration again. Every key of the file is explained in docs/runtime-config.md.
`;
}

function line(name: string, about: string): string {
  return `  ${name.padEnd(columns)} ${about}`;
}

function shownDefault(key: ConfigKey): string {
  const value = defaultConfig[key];
  const text = Array.isArray(value) ? value.join(", ") : value;
  return text ? ` (${text})` : "";
}
