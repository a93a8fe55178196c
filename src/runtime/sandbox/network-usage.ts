import type { MessageInitShape } from "@bufbuild/protobuf";

import type { NetworkInterfaceUsageSchema, NetworkUsageSchema } from "../../proto.js";
import { type InterfaceCounters, readInterfaces } from "../adapters/netns/interfaces.js";
import { isAlive } from "../adapters/process.js";
import { nanosecondsSinceEpoch, wrapped } from "../container/usage-messages.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

/** The traffic of a pod that has a network of its own; undefined once its pause process is gone. */
export async function networkUsage({
  netns,
  pause,
}: SandboxRecord): Promise<MessageInitShape<typeof NetworkUsageSchema> | undefined> {
  if (netns === undefined || pause === undefined) return undefined;
  const timestamp = nanosecondsSinceEpoch(Date.now());
  const interfaces = readInterfaces(`/proc/${pause.pid}`);
  // Somebody else's process may have its pid by now, and another network.
  if (!interfaces || !(await isAlive(pause))) return undefined;
  return {
    timestamp,
    defaultInterface: interfaceUsage(interfaces.main),
    interfaces: interfaces.others.map(interfaceUsage),
  };
}

function interfaceUsage(counters: InterfaceCounters): MessageInitShape<typeof NetworkInterfaceUsageSchema> {
  return {
    name: counters.name,
    rxBytes: wrapped(counters.rxBytes),
    rxErrors: wrapped(counters.rxErrors),
    txBytes: wrapped(counters.txBytes),
    txErrors: wrapped(counters.txErrors),
  };
}
