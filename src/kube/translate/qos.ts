import { parseQuantity } from "../../quantity.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import { amountOf } from "./amounts.js";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** The class that Kubernetes gives a pod by its requests and limits. */
export function qosClass({ spec }: ReadPod): QosClass {
  const containers = [...spec.containers, ...spec.initContainers];
  const classes = containers.map(({ resources: { requests, limits } }) => {
    const isSet = (amounts: Record<string, string>, name: string) =>
      (parseQuantity(amounts[name] ?? "0")?.nano ?? 0n) > 0n;
    const names = ["cpu", "memory"];
    if (!names.some((name) => isSet(requests, name) || isSet(limits, name))) return "BestEffort";
    const isHeld = (name: string) =>
      isSet(limits, name) &&
      (requests[name] === undefined ||
        parseQuantity(requests[name])?.nano === parseQuantity(limits[name] ?? "0")?.nano);
    return names.every(isHeld) ? "Guaranteed" : "Burstable";
  });
  const [first = "BestEffort"] = classes;
  return classes.every((one) => one === first) ? first : "Burstable";
}

const guaranteed = -997;
const bestEffort = 1000;

/** How gladly the kernel kills the container when memory runs out, as kubelet sets it. */
export function oomScoreAdjust(
  pod: ReadPod,
  container: ReadContainer | ReadInitContainer,
  memoryBytes: bigint,
): number {
  const quality = qosClass(pod);
  if (quality === "Guaranteed") return guaranteed;
  if (quality === "BestEffort") return bestEffort;
  const own = burstableScore(container, memoryBytes);
  const isSidecar = "restartPolicy" in container && container.restartPolicy === "Always";
  if (!isSidecar) return own;
  // A sidecar is not to be killed before the containers that need it.
  const scores = pod.spec.containers.map((one) => burstableScore(one, memoryBytes));
  return Math.min(own, ...scores);
}

function burstableScore(container: ReadContainer | ReadInitContainer, memoryBytes: bigint): number {
  const share = (1000n * amountOf(container, "requests", "memory")) / memoryBytes;
  return Math.max(bestEffort + guaranteed, Math.min(bestEffort - Number(share), bestEffort - 1));
}
