import type { MessageInitShape } from "@bufbuild/protobuf";

import type { NetworkInterfaceUsageSchema, NetworkUsageSchema } from "../../proto.js";
import { type InterfaceCounters, type Interfaces, readInterfaces } from "../adapters/netns/interfaces.js";
import { isAlive } from "../adapters/process.js";
import { nanosecondsSinceEpoch, wrapped } from "../container/usage-messages.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

/** The traffic of a pod that has a network of its own; undefined once its pause process is gone. */
export async function networkUsage(
  record: SandboxRecord,
): Promise<MessageInitShape<typeof NetworkUsageSchema> | undefined> {
  const timestamp = nanosecondsSinceEpoch(Date.now());
  const interfaces = await podInterfaces(record);
  return (
    interfaces && {
      timestamp,
      defaultInterface: interfaceUsage(interfaces.main),
      interfaces: interfaces.others.map(interfaceUsage),
    }
  );
}

/** The same, as the kernel counts it. */
export async function podInterfaces({ netns, pause }: SandboxRecord): Promise<Interfaces | undefined> {
  if (netns === undefined || pause === undefined) return undefined;
  const interfaces = readInterfaces(`/proc/${pause.pid}`);
  // Somebody else's process may have its pid by now, and another network.
  return interfaces && (await isAlive(pause)) ? interfaces : undefined;
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
