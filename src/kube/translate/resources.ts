import { cpuPeriod, cpuQuota, cpuShares } from "../../api/kubernetes-resources.js";
import { parseQuantity, units } from "../../quantity.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import { amountOf, podAmount, readAmount } from "./amounts.js";
import { oomScoreAdjust } from "./qos.js";

interface Amounts {
  readonly cpuRequest: bigint;
  readonly cpuLimit: bigint;
  readonly memoryLimit: bigint;
}

/** A container's share and limits, as kubelet hands them to the runtime. */
export function containerResources(
  pod: ReadPod,
  container: ReadContainer | ReadInitContainer,
  memoryBytes: bigint,
) {
  return {
    ...linuxResources({
      cpuRequest: amountOf(container, "requests", "cpu"),
      cpuLimit: amountOf(container, "limits", "cpu"),
      memoryLimit: amountOf(container, "limits", "memory"),
    }),
    oomScoreAdj: BigInt(oomScoreAdjust(pod, container, memoryBytes)),
    hugepageLimits: hugepages(container.resources.limits),
  };
}

/** What the sandbox and all containers may take together, and what the sandbox takes for itself. */
export function sandboxResources(pod: ReadPod) {
  const { overhead } = pod.spec;
  return {
    resources: linuxResources({
      cpuRequest: podAmount(pod, "requests", "cpu"),
      cpuLimit: podAmount(pod, "limits", "cpu"),
      memoryLimit: podAmount(pod, "limits", "memory"),
    }),
    ...(Object.keys(overhead).length > 0 && {
      overhead: linuxResources({
        cpuRequest: readAmount(overhead.cpu, "cpu"),
        cpuLimit: readAmount(overhead.cpu, "cpu"),
        memoryLimit: readAmount(overhead.memory, "memory"),
      }),
    }),
  };
}

function linuxResources({ cpuRequest, cpuLimit, memoryLimit }: Amounts) {
  return {
    cpuShares: cpuShares(cpuRequest),
    cpuPeriod,
    cpuQuota: cpuLimit === 0n ? 0n : cpuQuota(cpuLimit),
    memoryLimitInBytes: memoryLimit,
  };
}

function hugepages(limits: Readonly<Record<string, string>>) {
  return Object.entries(limits).flatMap(([name, amount]) => {
    const size = /^hugepages-(\d+[KMG])i$/.exec(name)?.[1];
    const quantity = parseQuantity(amount);
    return size && quantity ? [{ pageSize: `${size}B`, limit: units(quantity) }] : [];
  });
}
