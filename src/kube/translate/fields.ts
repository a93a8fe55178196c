import { ceilDivide, millis, parseQuantity, units } from "../../quantity.js";
import type { PodPlan } from "../manifest/plan.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadResourceFieldRef } from "../manifest/schema/env.js";
import type { PodFacts } from "./facts.js";

/** A field of the pod as text, for variables and files. */
export function fieldText({ pod }: PodPlan, facts: PodFacts, path: string): string {
  const { name, namespace, labels, annotations } = pod.metadata;
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (keyed) return (keyed[1] === "labels" ? labels : annotations)[keyed[2] ?? ""] ?? "";
  const texts: Record<string, () => string> = {
    "metadata.name": () => name,
    "metadata.namespace": () => namespace,
    "metadata.uid": () => facts.uid,
    "metadata.labels": () => lines(labels),
    "metadata.annotations": () => lines(annotations),
    "spec.nodeName": () => facts.node.name,
    "spec.serviceAccountName": () => "default",
    "status.hostIP": () => facts.node.ips[0] ?? "",
    "status.hostIPs": () => facts.node.ips.join(","),
    "status.podIP": () => facts.podIps[0] ?? "",
    "status.podIPs": () => facts.podIps.join(","),
  };
  return texts[path]?.() ?? "";
}

function lines(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join("\n");
}

/** An amount of a container's resources in the unit of the divisor, rounded up. Without a limit it is the node's. */
export function resourceText(
  container: ReadContainer | ReadInitContainer,
  { resource, divisor }: ReadResourceFieldRef,
  { node }: PodFacts,
): string {
  const [group = "", name = ""] = resource.split(".");
  const { limits, requests } = container.resources;
  const set = (group === "limits" ? limits : requests)[name];
  const given = set === undefined ? undefined : parseQuantity(set);
  const unit = parseQuantity(divisor) ?? { nano: 1_000_000_000n };
  if (name === "cpu") {
    const total = given ? millis(given) : group === "limits" ? node.cpuMillis : 0n;
    return String(ceilDivide(total, millis(unit)));
  }
  const total = given ? units(given) : group === "limits" ? node.memoryBytes : 0n;
  return String(ceilDivide(total, units(unit)));
}
