import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../errors.js";
import type { LinuxContainerResources, LinuxContainerResourcesSchema } from "../proto.js";
import { type KubernetesResources, kubernetesResources } from "./kubernetes-resources.js";

/** Limits of a container on Linux. A limit that is not there is not set. */
export interface Resources {
  /** The length of a period of processor time, in microseconds: 1000 to 1000000; the kernel's is 100000. */
  readonly cpuPeriodUs?: number | undefined;
  /** Processor time in a period, over all cores, in microseconds: 1000 or more; -1 for no limit. */
  readonly cpuQuotaUs?: number | undefined;
  /** Weight beside others when the processor is busy: 2 to 262144; the kernel's is 1024. */
  readonly cpuShares?: number | undefined;
  /** The cores it may use, such as `0-2,7`. */
  readonly cpusetCpus?: string | undefined;
  /** The NUMA nodes it may use. */
  readonly cpusetMems?: string | undefined;
  /** -1 for no limit. */
  readonly memoryLimitBytes?: number | undefined;
  /** For memory and swap together; -1 for no limit. With a memory limit alone nothing is swapped. */
  readonly memorySwapLimitBytes?: number | undefined;
  /** Bytes of huge pages by their size, such as `{ "2MB": 4194304 }`. */
  readonly hugepageLimits?: Readonly<Record<string, number>> | undefined;
  /** Files of control groups of version 2 by name, such as `{ "memory.high": "64M" }`. On version 1 without effect. */
  readonly unified?: Readonly<Record<string, string>> | undefined;
  /** How readily the kernel kills it when memory runs out: -1000 (never) to 1000. In an update 0 changes nothing. */
  readonly oomScoreAdj?: number | undefined;
}

/** What is not set stays as it is. A limit told in both ways is the one by its own field. */
export interface ResourceUpdate extends Resources, KubernetesResources {}

type Message = MessageInitShape<typeof LinuxContainerResourcesSchema>;

export function toLinuxResources({ limits, requests, ...own }: ResourceUpdate, field = "resources"): Message {
  const asked: Resources = { ...kubernetesResources({ limits, requests }, field), ...withoutUndefined(own) };
  const whole = (name: keyof Resources): bigint => {
    const value = asked[name] ?? 0;
    if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
    throw notWhole(`${field}.${name}`, value);
  };
  return {
    cpuPeriod: whole("cpuPeriodUs"),
    cpuQuota: whole("cpuQuotaUs"),
    cpuShares: whole("cpuShares"),
    cpusetCpus: asked.cpusetCpus ?? "",
    cpusetMems: asked.cpusetMems ?? "",
    memoryLimitInBytes: whole("memoryLimitBytes"),
    memorySwapLimitInBytes: whole("memorySwapLimitBytes"),
    oomScoreAdj: whole("oomScoreAdj"),
    hugepageLimits: Object.entries(asked.hugepageLimits ?? {}).map(([pageSize, bytes]) => {
      if (Number.isSafeInteger(bytes) && bytes >= 0) return { pageSize, limit: BigInt(bytes) };
      throw notWhole(`${field}.hugepageLimits["${pageSize}"]`, bytes);
    }),
    unified: { ...asked.unified },
  };
}

/** Zero is CRI's "not set", but for the OOM score. */
export function fromLinuxResources(message: LinuxContainerResources): Resources {
  const { hugepageLimits, unified } = message;
  const number = (name: string, value: bigint) => (value === 0n ? {} : { [name]: Number(value) });
  const text = (name: string, value: string) => (value === "" ? {} : { [name]: value });
  return {
    ...number("cpuPeriodUs", message.cpuPeriod),
    ...number("cpuQuotaUs", message.cpuQuota),
    ...number("cpuShares", message.cpuShares),
    ...text("cpusetCpus", message.cpusetCpus),
    ...text("cpusetMems", message.cpusetMems),
    ...number("memoryLimitBytes", message.memoryLimitInBytes),
    ...number("memorySwapLimitBytes", message.memorySwapLimitInBytes),
    ...(hugepageLimits.length > 0 && {
      hugepageLimits: Object.fromEntries(
        hugepageLimits.map(({ pageSize, limit }) => [pageSize, Number(limit)]),
      ),
    }),
    ...(Object.keys(unified).length > 0 && { unified }),
    oomScoreAdj: Number(message.oomScoreAdj),
  };
}

function withoutUndefined(resources: Resources): Resources {
  return Object.fromEntries(Object.entries(resources).filter(([, value]) => value !== undefined));
}

function notWhole(field: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`${field} is ${String(value)}: give a whole number`, { field });
}
