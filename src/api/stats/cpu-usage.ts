import type { CpuUsage as CpuUsageMessage } from "../../proto.js";
import { dateOf } from "../time.js";
import type { CpuRate, CpuRates } from "./cpu-rates.js";

/** What is used of the processor. */
export interface CpuUsage {
  /** When the runtime measured it. */
  readonly measuredAt: Date;
  /** Processor time since the start, in seconds over all cores. Grows only, save when a container begins anew. */
  readonly usedSeconds: number | undefined;
  /**
   * How many cores are in use: 0.5 is half of one, 2 are two. Between two samples; of one sample alone what the runtime
   * itself says of the time before it. Undefined where neither is known; never a guess.
   */
  readonly cores: number | undefined;
  /** `cores` in percent of one core, as docker and crictl show it: 200 are two cores. */
  readonly percent: number | undefined;
  /** The time between the two samples, in milliseconds; undefined where there are none. */
  readonly windowMs: number | undefined;
}

export function toCpuUsage(id: string, raw: CpuUsageMessage, rates: CpuRates): CpuUsage {
  const used = raw.usageCoreNanoSeconds?.value;
  const rate = used === undefined ? undefined : rates.next(id, { at: raw.timestamp, used });
  return cpuUsage(raw, rate ?? ownRate(raw));
}

/** What is left out of the rate is not known. */
export function cpuUsage(
  { timestamp, usageCoreNanoSeconds: used }: CpuUsageMessage,
  { cores, windowMs }: Partial<CpuRate>,
): CpuUsage {
  return {
    measuredAt: dateOf(timestamp),
    usedSeconds: used && Number(used.value) / 1e9,
    cores,
    percent: cores && cores * 100,
    windowMs,
  };
}

/** Of the runtime's own reckoning. containerd says 0 where it does not know, so that 0 says nothing. */
function ownRate({ usageNanoCores }: CpuUsageMessage): Partial<CpuRate> {
  const nanoCores = Number(usageNanoCores?.value ?? 0n);
  return nanoCores > 0 ? { cores: nanoCores / 1e9 } : {};
}
