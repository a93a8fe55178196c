import { jsonSafe } from "../../messages/json-safe.js";
import type { ContainerStats as ContainerStatsMessage } from "../../proto.js";
import { type ContainerMetadata, toContainerMetadata } from "../container-status.js";
import { type FilesystemUsage, toFilesystemUsage } from "../images/fs-info.js";
import type { CpuRates } from "./cpu-rates.js";
import { type CpuUsage, toCpuUsage } from "./cpu-usage.js";
import { type MemoryUsage, type SwapUsage, toMemoryUsage, toSwapUsage } from "./memory-usage.js";

/** What a container uses. */
export interface ContainerStats {
  /** The whole ID. */
  readonly id: string;
  /** As it was created with. */
  readonly metadata: ContainerMetadata;
  /** As it was created with. */
  readonly labels: Readonly<Record<string, string>>;
  /** As it was created with. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined while it does not run. */
  readonly cpu: CpuUsage | undefined;
  /** Undefined while it does not run. */
  readonly memory: MemoryUsage | undefined;
  /** Undefined where the runtime does not count it. */
  readonly swap: SwapUsage | undefined;
  /** What it has written on its own layer, also once it has ended; undefined until the runtime has measured that. */
  readonly filesystem: FilesystemUsage | undefined;
  /** As the runtime told it. */
  readonly raw: ContainerStatsMessage;
}

export function toContainerStats(raw: ContainerStatsMessage, rates: CpuRates): ContainerStats {
  const { attributes, cpu, memory, swap, writableLayer } = raw;
  const id = attributes?.id ?? "";
  return jsonSafe({
    id,
    metadata: toContainerMetadata(attributes?.metadata),
    labels: attributes?.labels ?? {},
    annotations: attributes?.annotations ?? {},
    cpu: cpu && toCpuUsage(id, cpu, rates),
    memory: memory && toMemoryUsage(memory),
    swap: swap && toSwapUsage(swap),
    // containerd gives the layer the time 0 before it has measured any.
    filesystem: writableLayer && writableLayer.timestamp > 0n ? toFilesystemUsage(writableLayer) : undefined,
    raw,
  });
}
