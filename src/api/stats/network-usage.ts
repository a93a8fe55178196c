import type { NetworkInterfaceUsage, NetworkUsage as NetworkUsageMessage } from "../../proto.js";
import { dateOf } from "../time.js";
import { numberOf } from "./memory-usage.js";

/** The traffic of a pod since it was run. */
export interface NetworkUsage {
  /** When the runtime measured it. */
  readonly measuredAt: Date;
  /** The one that its default route uses is the first. */
  readonly interfaces: readonly InterfaceUsage[];
}

/** The traffic of one interface. */
export interface InterfaceUsage {
  /** For example `eth0`. */
  readonly name: string;
  /** What came in. */
  readonly receivedBytes: number | undefined;
  /** Packets that came in broken. */
  readonly receiveErrors: number | undefined;
  /** What went out. */
  readonly sentBytes: number | undefined;
  /** Packets that could not be sent. */
  readonly sendErrors: number | undefined;
}

export function toNetworkUsage({
  timestamp,
  defaultInterface,
  interfaces,
}: NetworkUsageMessage): NetworkUsage {
  const all = defaultInterface ? [defaultInterface, ...interfaces] : interfaces;
  return { measuredAt: dateOf(timestamp), interfaces: all.map(toInterfaceUsage) };
}

function toInterfaceUsage(raw: NetworkInterfaceUsage): InterfaceUsage {
  return {
    name: raw.name,
    receivedBytes: numberOf(raw.rxBytes),
    receiveErrors: numberOf(raw.rxErrors),
    sentBytes: numberOf(raw.txBytes),
    sendErrors: numberOf(raw.txErrors),
  };
}
