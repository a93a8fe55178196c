import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../../errors.js";
import { CommandError, runCommand } from "../run-command.js";
import type { Conflist, PluginConfig } from "./conflist.js";

export interface PortMapping {
  hostPort: number;
  containerPort: number;
  protocol: "tcp" | "udp" | "sctp";
  hostIP?: string;
}

/** One network namespace in the network. */
export interface Attachment {
  id: string;
  /** The namespace's file. At removal it may be gone already. */
  netns: string;
  pod: { name: string; namespace: string; uid: string };
  portMappings: PortMapping[];
}

export interface CniResult {
  /** Addresses without their prefix lengths, the primary one first. */
  ips: string[];
}

export interface NetworkStatus {
  ready: boolean;
  reason?: string;
  message?: string;
}

/** A network of CNI plugins. */
export interface Cni {
  /** ADD by every plugin in order. When one fails, what the others did is undone before this throws. */
  add(attachment: Attachment): Promise<CniResult>;
  /** DEL by every plugin in reverse, going on past failing ones. Repeating it does no harm. */
  remove(attachment: Attachment): Promise<void>;
  status(): Promise<NetworkStatus>;
}

export interface CniOptions {
  conflist: Conflist;
  /** Searched in order for the plugins. */
  pluginDirectories: readonly string[];
  /** Where the results of ADD are kept for DEL. */
  cacheDirectory: string;
  /** How long one plugin may take before it is killed. */
  timeoutMs?: number;
}

interface PluginResult {
  ips?: { address: string }[];
}

const interfaceName = "eth0";
const defaultTimeoutMs = 30_000;

export function createCni(options: CniOptions): Cni {
  const { conflist, pluginDirectories } = options;

  /** The plugins that have work to do: portmap and its like cost milliseconds even with no mapping. */
  function pluginsFor(attachment: Attachment): PluginConfig[] {
    return conflist.plugins.filter(
      (plugin) => plugin.type !== "portmap" || attachment.portMappings.length > 0,
    );
  }

  async function invoke(
    command: "ADD" | "DEL",
    plugin: PluginConfig,
    attachment: Attachment,
    previous: PluginResult | undefined,
  ): Promise<PluginResult> {
    const { id, netns, pod, portMappings } = attachment;
    const config = {
      ...plugin,
      cniVersion: conflist.cniVersion,
      name: conflist.name,
      ...(previous && { prevResult: previous }),
      ...(plugin.capabilities?.portMappings && { runtimeConfig: { portMappings } }),
    };
    const podArgs = {
      IgnoreUnknown: "1",
      K8S_POD_NAMESPACE: pod.namespace,
      K8S_POD_NAME: pod.name,
      K8S_POD_INFRA_CONTAINER_ID: id,
      K8S_POD_UID: pod.uid,
    };
    try {
      const { stdout } = await runCommand(await findPlugin(plugin.type, pluginDirectories), [], {
        input: JSON.stringify(config),
        timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
        env: {
          ...process.env,
          CNI_COMMAND: command,
          CNI_CONTAINERID: id,
          CNI_NETNS: netns,
          CNI_IFNAME: interfaceName,
          CNI_PATH: pluginDirectories.join(":"),
          CNI_ARGS: Object.entries(podArgs)
            .map(([key, value]) => `${key}=${value}`)
            .join(";"),
        },
      });
      return stdout.trim() === "" ? {} : JSON.parse(stdout);
    } catch (error) {
      throw new CriError("internal", `CNI ${command} by plugin ${plugin.type} failed: ${whyFailed(error)}`, {
        cause: error,
      });
    }
  }

  async function remove(attachment: Attachment): Promise<void> {
    const cache = cacheFile(options.cacheDirectory, attachment.id);
    const previous = await readResult(cache);
    const failures: unknown[] = [];
    for (const plugin of pluginsFor(attachment).reverse()) {
      await invoke("DEL", plugin, attachment, previous).catch((error) => failures.push(error));
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `CNI DEL failed for ${attachment.id}`);
    await rm(cache, { force: true });
  }

  return {
    async add(attachment) {
      let result: PluginResult | undefined;
      try {
        for (const plugin of pluginsFor(attachment)) {
          result = await invoke("ADD", plugin, attachment, result);
        }
        await mkdir(options.cacheDirectory, { recursive: true, mode: 0o700 });
        await writeFile(cacheFile(options.cacheDirectory, attachment.id), JSON.stringify(result ?? {}));
      } catch (error) {
        // Every plugin is asked, since a failing one may have done a part of its work.
        await remove(attachment).catch(() => {});
        throw error;
      }
      return { ips: (result?.ips ?? []).map(({ address }) => address.replace(/\/.*$/, "")) };
    },

    remove,

    async status() {
      for (const { type } of conflist.plugins) {
        try {
          await findPlugin(type, pluginDirectories);
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          return { ready: false, reason: "NetworkPluginNotReady", message };
        }
      }
      return { ready: true };
    },
  };
}

function cacheFile(directory: string, id: string): string {
  return join(directory, `${id}.json`);
}

async function readResult(path: string): Promise<PluginResult | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

async function findPlugin(type: string, directories: readonly string[]): Promise<string> {
  for (const directory of directories) {
    const path = join(directory, type);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new CriError(
    "failed_precondition",
    `CNI plugin ${type} is in none of ${directories.join(", ")}: install containernetworking-plugins or set --cni-plugin-dir`,
  );
}

/** Plugins report errors as JSON on their standard output. */
function whyFailed(error: unknown): string {
  if (error instanceof CommandError && error.stdout.trim() !== "") {
    try {
      const { msg, details } = JSON.parse(error.stdout);
      return [msg, details].filter(Boolean).join(": ");
    } catch {
      return error.stdout.trim();
    }
  }
  return error instanceof Error ? error.message : String(error);
}
