import { millis, parseQuantity, units } from "../../quantity.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";

type Group = "requests" | "limits";

/** CPU in thousandths, memory in bytes; a request that is not told is the limit. */
export function amountOf(
  { resources }: ReadContainer | ReadInitContainer,
  group: Group,
  name: "cpu" | "memory",
): bigint {
  const given = resources[group][name] ?? (group === "requests" ? resources.limits[name] : undefined);
  return readAmount(given, name);
}

export function readAmount(given: string | undefined, name: "cpu" | "memory"): bigint {
  const quantity = given === undefined ? undefined : parseQuantity(given);
  if (!quantity) return 0n;
  return name === "cpu" ? millis(quantity) : units(quantity);
}

/**
 * What all containers take at the same time, at most: the main ones with the sidecars, or an init container with the
 * sidecars before it. 0 where one has no limit.
 */
export function podAmount({ spec }: ReadPod, group: Group, name: "cpu" | "memory"): bigint {
  let sidecars = 0n;
  let highest = 0n;
  let isOpen = false;
  const take = (container: ReadContainer | ReadInitContainer): bigint => {
    const amount = amountOf(container, group, name);
    if (amount === 0n && group === "limits") isOpen = true;
    return amount;
  };
  for (const container of spec.initContainers) {
    const amount = take(container);
    if (container.restartPolicy === "Always") sidecars += amount;
    const now = container.restartPolicy === "Always" ? sidecars : sidecars + amount;
    if (now > highest) highest = now;
  }
  const mains = spec.containers.reduce((sum, container) => sum + take(container), sidecars);
  if (isOpen) return 0n;
  return mains > highest ? mains : highest;
}
