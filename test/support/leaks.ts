import { existsSync } from "node:fs";
import { join } from "node:path";

import { ownNamespace } from "../../src/testing/owner.js";
import { cgroupParentTraces, cgroupTraces, directoryTraces, mountTraces } from "./traces/files.js";
import type { Traces } from "./traces/names.js";
import { attachmentTraces, leaseTraces, networkTraces } from "./traces/network.js";
import { descriptorTraces, processTraces } from "./traces/processes.js";

export type { Traces } from "./traces/names.js";

/**
 * What is left of a private runtime on this machine, a line each: directories, mounts, processes, network
 * interfaces, iptables rules, cgroups. Several runtimes may run at the same time, so only what bears the
 * runtime's own names is looked for.
 */
export async function findLeaks(traces: Traces): Promise<string[]> {
  const { directory } = traces;
  const found = await Promise.all([
    existsSync(directory) ? [`directory ${directory}`] : [],
    mountTraces(directory),
    processTraces(directory),
    unclaimedNetworkTraces(traces.network),
    cgroupParentTraces(directory),
    cgroupTraces(traces),
  ]);
  return found.flat();
}

/**
 * What a runtime that serves holds for its pods and containers, a line each: mounts, and with them namespaces,
 * processes, control groups, interfaces, iptables rules, leases, directories, and its daemon's open descriptors.
 */
export async function takeStock(traces: Traces, daemonPid: number): Promise<string[]> {
  const { directory, network } = traces;
  const found = await Promise.all([
    mountTraces(directory),
    processTraces(directory),
    cgroupTraces(traces),
    attachmentTraces(network),
    leaseTraces(directory),
    directoryTraces(directory),
    descriptorTraces(daemonPid, directory),
  ]);
  // Another daemon on the same directories has another pid.
  return found.flat().filter((line) => !line.startsWith(`process ${daemonPid}:`));
}

/** The lines that are in one list oftener than in another. */
export function more(now: readonly string[], before: readonly string[]): string[] {
  const rest = [...before];
  return now.filter((line) => {
    const index = rest.indexOf(line);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}

// A network that was given back may have a new owner at once, in another test's process.
async function unclaimedNetworkTraces(network: Traces["network"]): Promise<string[]> {
  const found = await networkTraces(network);
  const index = network.bridge.replace(/^\D+/, "");
  const claims = join("/run/crikit-networks", await ownNamespace("net"));
  return existsSync(join(claims, index)) ? [] : found;
}
