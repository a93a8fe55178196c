import type { InterfaceCounters, Interfaces } from "../../adapters/netns/interfaces.js";
import type { MetricKind } from "./metric.js";

/** Of a pod: its containers share its network. */
export const networkMetrics: readonly MetricKind<Interfaces>[] = [
  traffic("receive_bytes", "Bytes received", ({ rxBytes }) => rxBytes),
  traffic("receive_packets", "Packets received", ({ rxPackets }) => rxPackets),
  traffic("receive_packets_dropped", "Packets that came in and were dropped", ({ rxDropped }) => rxDropped),
  traffic("receive_errors", "Errors in receiving", ({ rxErrors }) => rxErrors),
  traffic("transmit_bytes", "Bytes sent", ({ txBytes }) => txBytes),
  traffic("transmit_packets", "Packets sent", ({ txPackets }) => txPackets),
  traffic(
    "transmit_packets_dropped",
    "Packets that were dropped on the way out",
    ({ txDropped }) => txDropped,
  ),
  traffic("transmit_errors", "Errors in sending", ({ txErrors }) => txErrors),
];

function traffic(
  what: string,
  help: string,
  count: (counters: InterfaceCounters) => bigint,
): MetricKind<Interfaces> {
  return {
    name: `container_network_${what}_total`,
    help: `${help} so far by an interface of the pod.`,
    type: "counter",
    labels: ["interface"],
    read: ({ main, others }) =>
      [main, ...others].map((counters) => ({ labels: [counters.name], value: count(counters) })),
  };
}
