import { InvalidArgumentError } from "../errors.js";
import { millis, parseQuantity, type Quantity, units } from "../quantity.js";

/** Resources in the words of a Kubernetes pod. Amounts are quantities, such as `500m`, `1.5`, `64Mi`. */
export interface KubernetesResources {
  /** What the container may use at most. */
  readonly limits?: { cpu?: string | number | undefined; memory?: string | number | undefined } | undefined;
  /** No runtime is told of a memory request: Kubernetes keeps it for its scheduler. */
  readonly requests?: { cpu?: string | number | undefined } | undefined;
}

/** Kubelet's, in microseconds. */
export const cpuPeriod = 100_000n;
const leastQuota = 1000n;
const leastShares = 2n;
const mostShares = 262_144n;

/** What kubelet makes of them. */
export function kubernetesResources({ limits = {}, requests = {} }: KubernetesResources, field: string) {
  const cpuLimit = amount(limits.cpu, `${field}.limits.cpu`);
  const cpuRequest = amount(requests.cpu, `${field}.requests.cpu`);
  const memory = amount(limits.memory, `${field}.limits.memory`);
  return {
    ...(cpuLimit && {
      cpuPeriodUs: Number(cpuPeriod),
      cpuQuotaUs: Number(cpuQuota(millis(cpuLimit))),
    }),
    ...(cpuRequest && { cpuShares: Number(cpuShares(millis(cpuRequest))) }),
    ...(memory && { memoryLimitBytes: Number(units(memory)) }),
  };
}

/** For a limit in thousandths of a CPU, in microseconds of each period. */
export function cpuQuota(cpuMillis: bigint): bigint {
  return atLeast(leastQuota, (cpuMillis * cpuPeriod) / 1000n);
}

/** For a request in thousandths of a CPU. */
export function cpuShares(cpuMillis: bigint): bigint {
  const wanted = atLeast(leastShares, (cpuMillis * 1024n) / 1000n);
  return wanted > mostShares ? mostShares : wanted;
}

function atLeast(least: bigint, value: bigint): bigint {
  return value < least ? least : value;
}

function amount(given: string | number | undefined, field: string): Quantity | undefined {
  if (given === undefined) return undefined;
  const quantity = parseQuantity(given);
  if (quantity && quantity.nano > 0n) return quantity;
  throw new InvalidArgumentError(`${field} is "${given}": give a quantity above zero, such as 500m or 64Mi`, {
    field,
  });
}
