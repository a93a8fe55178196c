import type { PodPlan } from "./plan.js";
import type { ReadContainer, ReadInitContainer } from "./schema/container.js";
import type { Place } from "./schema/place.js";
import type { ReadVolume } from "./schema/volume.js";
import { checkSources } from "./sources.js";

type AnyContainer = ReadContainer | ReadInitContainer;
type At<T> = readonly (readonly [T, Place])[];

/** What is wrong between the parts of a pod whose parts are each right. */
export function checkReferences(plan: PodPlan, root: Place): void {
  const { spec } = plan.pod;
  const place = root.field("spec");
  const containers: At<AnyContainer> = [
    ...placed(spec.initContainers, place.field("initContainers")),
    ...placed(spec.containers, place.field("containers")),
  ];
  const volumes = placed(spec.volumes, place.field("volumes"));
  checkUnique(containers, "container");
  checkUnique(volumes, "volume");
  checkPorts(containers, spec.hostNetwork);
  for (const [container, at] of containers) {
    checkMounts(container, spec.volumes, at);
    checkProbePorts(container, at);
  }
  const pullSecrets = placed(spec.imagePullSecrets, place.field("imagePullSecrets"));
  checkSources(plan, { containers, volumes, pullSecrets });
  if (spec.hostPID && spec.shareProcessNamespace) {
    place.field("shareProcessNamespace").invalid("may not be set together with hostPID");
  }
  if (spec.dnsPolicy === "None" && !spec.dnsConfig?.nameservers.length) {
    place.field("dnsConfig").invalid("must have nameservers, as dnsPolicy is None");
  }
}

function placed<T>(items: readonly T[], place: Place): At<T> {
  return items.map((item, index) => [item, place.item(index)]);
}

function checkUnique(named: At<{ readonly name: string }>, what: string): void {
  const seen = new Set<string>();
  for (const [{ name }, place] of named) {
    if (seen.has(name)) place.field("name").invalid(`is ${name}, as another ${what} is named`);
    seen.add(name);
  }
}

function checkPorts(containers: At<AnyContainer>, hostNetwork: boolean): void {
  const taken = new Set<string>();
  for (const [{ ports }, at] of containers) {
    const names = new Set<string>();
    for (const [{ name, hostPort, hostIP = "0.0.0.0", protocol, containerPort }, place] of placed(
      ports,
      at.field("ports"),
    )) {
      if (name !== undefined && names.has(name))
        place.field("name").invalid(`is ${name}, as another port is`);
      if (name !== undefined) names.add(name);
      if (hostPort === undefined) continue;
      const key = `${hostIP} ${protocol} ${hostPort}`;
      if (taken.has(key)) place.field("hostPort").invalid(`is ${hostPort}, as that of another port`);
      taken.add(key);
      if (hostNetwork && hostPort !== containerPort) {
        place.field("hostPort").invalid(`must be ${containerPort} as containerPort, in the host's network`);
      }
    }
  }
}

function checkMounts(
  { volumeMounts, securityContext }: AnyContainer,
  volumes: readonly ReadVolume[],
  at: Place,
): void {
  const paths = new Set<string>();
  for (const [{ name, mountPath, mountPropagation }, place] of placed(
    volumeMounts,
    at.field("volumeMounts"),
  )) {
    const volume = volumes.find((volume) => volume.name === name);
    if (!volume) {
      place.field("name").invalid(`is ${name}, and there is no volume of that name`);
    }
    if (paths.has(mountPath)) place.field("mountPath").invalid(`is ${mountPath}, as that of another mount`);
    paths.add(mountPath);
    if (volume?.image && mountPropagation !== "None") {
      place
        .field("mountPropagation")
        .invalid(`is ${mountPropagation}, and nothing is ever mounted in an image`);
    }
    if (mountPropagation === "Bidirectional" && !securityContext?.privileged) {
      place.field("mountPropagation").invalid("is Bidirectional, which wants a privileged container");
    }
  }
}

function checkProbePorts({ ports, lifecycle, ...container }: AnyContainer, at: Place): void {
  const handlers = [
    ...(["livenessProbe", "readinessProbe", "startupProbe"] as const).map(
      (name) => [container[name], at.field(name)] as const,
    ),
    ...(["postStart", "preStop"] as const).map(
      (name) => [lifecycle?.[name], at.field("lifecycle").field(name)] as const,
    ),
  ];
  for (const [handler, place] of handlers) {
    const tcpSocket = handler && "tcpSocket" in handler ? handler.tcpSocket : undefined;
    const ref = handler?.httpGet?.port ?? tcpSocket?.port;
    if (typeof ref !== "string" || ports.some(({ name }) => name === ref)) continue;
    const action = place.field(tcpSocket ? "tcpSocket" : "httpGet");
    action.field("port").invalid(`is ${ref}, and the container has no port of that name`);
  }
}
