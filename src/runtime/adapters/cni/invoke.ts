import { delimiter, join } from "node:path";

import { afterGrace } from "../../../async/after-grace.js";
import { CriError } from "../../../errors.js";
import { ownerVariable } from "../orphans.js";
import { isExecutable } from "../program-path.js";
import { runCommand } from "../run-command.js";
import type { Attachment } from "./attachment.js";
import type { Conflist, PluginConfig } from "./conflist.js";
import { toPluginError } from "./plugin-error.js";
import { interfaceName, type PluginResult, parseResult } from "./result.js";

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
  /** The state directory that it works for. */
  owner: string;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * When the caller goes, a plugin may end what it is at: in the middle of it, it may hold what is in nobody's name yet,
 * as host-local an address, and DEL would not find that.
 */
const graceMs = 2000;

/** Runs one plugin. Its result is empty for DEL. */
export async function invokePlugin(invocation: Invocation, options: InvokeOptions): Promise<PluginResult> {
  const { command, plugin, network } = invocation;
  const { signal, timeoutMs, pluginDirectories } = options;
  signal?.throwIfAborted();
  using late = afterGrace(signal, graceMs);
  try {
    const path = findPlugin(plugin.type, pluginDirectories);
    const { stdout } = await runCommand(path, [], {
      input: JSON.stringify(pluginInput(invocation)),
      env: pluginEnvironment(invocation, options),
      timeoutMs,
      signal: late.signal,
    });
    signal?.throwIfAborted();
    return command === "ADD" ? parseResult(stdout) : {};
  } catch (error) {
    signal?.throwIfAborted();
    throw toPluginError(error, { plugin: plugin.type, network: network.name, command });
  }
}

export function findPlugin(type: string, directories: readonly string[]): string {
  for (const directory of directories) {
    const path = join(directory, type);
    if (isExecutable(path)) return path;
  }
  throw new CriError(
    "failed_precondition",
    `CNI plugin ${type} is in none of ${directories.join(", ")}: apt-get install containernetworking-plugins or set --cni-plugin-dir`,
  );
}

function pluginInput({ command, plugin, network, attachment, previous }: Invocation): unknown {
  const { capabilities = {} } = plugin;
  const { cniVersion, name } = network;
  const given = Object.entries(runtimeConfig(attachment)).filter(
    ([key, value]) => capabilities[key] && value,
  );
  // Before 0.4.0 DEL came without a result.
  const takesPrevious = command === "ADD" || isSince(cniVersion, [0, 4, 0]);
  return {
    ...plugin,
    cniVersion,
    name,
    ...(previous && takesPrevious && { prevResult: previous }),
    ...(given.length > 0 && { runtimeConfig: Object.fromEntries(given) }),
  };
}

/** What there is for plugins that declare a capability, by its name in CNI's conventions. */
function runtimeConfig({ portMappings, dns, bandwidth, annotations }: Attachment): Record<string, unknown> {
  return {
    portMappings: portMappings.length > 0 ? portMappings : undefined,
    dns,
    bandwidth,
    "io.kubernetes.cri.pod-annotations": annotations,
  };
}

function isSince(version: string, minimum: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const different = minimum.findIndex((part, index) => parts[index] !== part);
  return different === -1 || (parts[different] ?? 0) > (minimum[different] ?? 0);
}

/** Read once: that takes half a millisecond where there are many variables. */
let inherited: NodeJS.ProcessEnv | undefined;

function pluginEnvironment(
  { command, attachment }: Invocation,
  { pluginDirectories, owner }: InvokeOptions,
): NodeJS.ProcessEnv {
  inherited ??= { ...process.env };
  const { id, netns, pod } = attachment;
  const podArgs = {
    IgnoreUnknown: "1",
    K8S_POD_NAMESPACE: pod.namespace,
    K8S_POD_NAME: pod.name,
    K8S_POD_INFRA_CONTAINER_ID: id,
    K8S_POD_UID: pod.uid,
  };
  return {
    ...inherited,
    // A daemon that follows a killed one ends it, and frees what it was making.
    [ownerVariable]: owner,
    CNI_COMMAND: command,
    CNI_CONTAINERID: id,
    CNI_NETNS: netns,
    CNI_IFNAME: interfaceName,
    CNI_PATH: pluginDirectories.join(delimiter),
    CNI_ARGS: Object.entries(podArgs)
      .map(([key, value]) => `${key}=${value}`)
      .join(";"),
  };
}
