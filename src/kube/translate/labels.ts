import { createHash } from "node:crypto";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";

/** The labels by which programs on a node tell pods and containers apart. */
export function podLabels({ metadata }: ReadPod, uid: string): Record<string, string> {
  return { ...metadata.labels, ...ownLabels(metadata, uid) };
}

export function containerLabels(
  { metadata }: ReadPod,
  uid: string,
  { name }: { readonly name: string },
): Record<string, string> {
  return { ...ownLabels(metadata, uid), "io.kubernetes.container.name": name };
}

export function containerAnnotations(
  { spec }: ReadPod,
  container: ReadContainer | ReadInitContainer,
  attempt: number,
): Record<string, string> {
  const { ports, lifecycle, terminationMessagePath, terminationMessagePolicy } = container;
  const isInit = spec.initContainers.some(({ name }) => name === container.name);
  return {
    "io.kubernetes.container.hash": createHash("sha256")
      .update(JSON.stringify(container))
      .digest("hex")
      .slice(0, 8),
    "io.kubernetes.container.restartCount": String(attempt),
    "io.kubernetes.container.terminationMessagePath": terminationMessagePath,
    "io.kubernetes.container.terminationMessagePolicy": terminationMessagePolicy,
    "io.kubernetes.container.type": isInit ? "init" : "container",
    "io.kubernetes.pod.terminationGracePeriod": String(spec.terminationGracePeriodSeconds),
    ...(ports.length > 0 && { "io.kubernetes.container.ports": JSON.stringify(ports) }),
    ...(lifecycle?.preStop && {
      "io.kubernetes.container.preStopHandler": JSON.stringify(lifecycle.preStop),
    }),
  };
}

function ownLabels({ name, namespace }: ReadPod["metadata"], uid: string): Record<string, string> {
  return {
    "io.kubernetes.pod.name": name,
    "io.kubernetes.pod.namespace": namespace,
    "io.kubernetes.pod.uid": uid,
  };
}
