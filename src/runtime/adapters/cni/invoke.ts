import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { CriError } from "../../../errors.js";
import { runCommand } from "../run-command.js";
import type { Attachment } from "./attachment.js";
import type { Conflist, PluginConfig } from "./conflist.js";
import { toPluginError } from "./plugin-error.js";

/** The part of a plugin's result that is looked at; the rest is passed on as it came. */
export interface PluginResult {
  ips?: { address: string }[];
}

export interface Invocation {
  command: "ADD" | "DEL";
  plugin: PluginConfig;
  network: Pick<Conflist, "cniVersion" | "name">;
  attachment: Attachment;
  /** What the plugin before said, for ADD; what the last one said then, for DEL. */
  previous: PluginResult | undefined;
}

export interface InvokeOptions {
  pluginDirectories: readonly string[];
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

const interfaceName = "eth0";

/** Runs one plugin. Its result is empty for DEL. */
export async function invokePlugin(invocation: Invocation, options: InvokeOptions): Promise<PluginResult> {
  const { command, plugin } = invocation;
  const { signal, timeoutMs, pluginDirectories } = options;
  try {
    const path = await findPlugin(plugin.type, pluginDirectories);
    const { stdout } = await runCommand(path, [], {
      input: JSON.stringify(pluginInput(invocation)),
      env: pluginEnvironment(invocation, pluginDirectories),
      timeoutMs,
      signal,
    });
    return stdout.trim() === "" ? {} : JSON.parse(stdout);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw toPluginError(error, { plugin: plugin.type, command });
  }
}

export async function findPlugin(type: string, directories: readonly string[]): Promise<string> {
  for (const directory of directories) {
    const path = join(directory, type);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new CriError(
    "failed_precondition",
    `CNI plugin ${type} is in none of ${directories.join(", ")}: apt-get install containernetworking-plugins or set --cni-plugin-dir`,
  );
}

function pluginInput({ plugin, network, attachment, previous }: Invocation): unknown {
  const { capabilities, ...config } = plugin;
  const { portMappings } = attachment;
  return {
    ...config,
    cniVersion: network.cniVersion,
    name: network.name,
    ...(previous && { prevResult: previous }),
    ...(capabilities?.portMappings && portMappings.length > 0 && { runtimeConfig: { portMappings } }),
  };
}

function pluginEnvironment(
  { command, attachment }: Invocation,
  directories: readonly string[],
): NodeJS.ProcessEnv {
  const { id, netns, pod } = attachment;
  const podArgs = {
    IgnoreUnknown: "1",
    K8S_POD_NAMESPACE: pod.namespace,
    K8S_POD_NAME: pod.name,
    K8S_POD_INFRA_CONTAINER_ID: id,
    K8S_POD_UID: pod.uid,
  };
  return {
    ...process.env,
    CNI_COMMAND: command,
    CNI_CONTAINERID: id,
    CNI_NETNS: netns,
    CNI_IFNAME: interfaceName,
    CNI_PATH: directories.join(delimiter),
    CNI_ARGS: Object.entries(podArgs)
      .map(([key, value]) => `${key}=${value}`)
      .join(";"),
  };
}
