import { InvalidArgumentError } from "../../errors.js";
import type { Bandwidth } from "../adapters/cni/attachment.js";

/** As large as CNI allows: only the rate is to limit. */
const burst = 2 ** 32 - 1;

/** What Kubernetes takes for reasonable, in bits per second. */
const minimum = 1e3;
const maximum = 1e15;

/** The limits that Kubernetes' annotations ask for. Throws naming the annotation that is no such limit. */
export function bandwidthOf(annotations: Readonly<Record<string, string>>): Bandwidth | undefined {
  const ingressRate = rate(annotations, "kubernetes.io/ingress-bandwidth");
  const egressRate = rate(annotations, "kubernetes.io/egress-bandwidth");
  if (ingressRate === undefined && egressRate === undefined) return undefined;
  return {
    ...(ingressRate !== undefined && { ingressRate, ingressBurst: burst }),
    ...(egressRate !== undefined && { egressRate, egressBurst: burst }),
  };
}

const factors: Record<string, number> = {
  ...{ "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 },
};

function rate(annotations: Readonly<Record<string, string>>, name: string): number | undefined {
  const text = annotations[name];
  if (text === undefined) return undefined;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text.trim()) ?? [];
  const bits = Math.ceil(Number(number) * (factors[unit] ?? Number.NaN));
  if (bits >= minimum && bits <= maximum) return bits;
  const field = `config.annotations["${name}"]`;
  throw new InvalidArgumentError(
    `${field}: "${text}" is not between 1k and 1P bits per second, such as 10M`,
    {
      field,
    },
  );
}
