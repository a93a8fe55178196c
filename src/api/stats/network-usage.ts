import type { NetworkInterfaceUsage, NetworkUsage as NetworkUsageMessage } from "../../proto.js";
import { dateOf } from "../time.js";
import { numberOf } from "./memory-usage.js";

/** The traffic of a pod since it was run. */
export interface NetworkUsage {
  readonly measuredAt: Date;
  /** The one that its default route uses is the first. */
  readonly interfaces: readonly InterfaceUsage[];
}

export interface InterfaceUsage {
  /** For example `eth0`. */
  readonly name: string;
  readonly receivedBytes: number | undefined;
  readonly receiveErrors: number | undefined;
  readonly sentBytes: number | undefined;
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
