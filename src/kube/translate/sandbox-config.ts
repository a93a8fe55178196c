import type { PodConfig } from "../../api/config.js";
import { SecurityProfile_ProfileType as ProfileType, Protocol } from "../../proto.js";
import type { ReadPort } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import { dnsConfig } from "./dns.js";
import type { NodeFacts } from "./facts.js";
import { podLabels } from "./labels.js";
import { namespaces } from "./namespaces.js";
import { sandboxResources } from "./resources.js";
import { seLinuxTexts, supplementalGroups } from "./security-context.js";
import type { ReadUserRange } from "./user-range.js";

export interface SandboxParts {
  readonly uid: string;
  readonly node: NodeFacts;
  /** How many sandboxes the pod has had before. */
  readonly attempt: number;
  readonly cgroupParent: string | undefined;
  /** Undefined: they are the host's. */
  readonly users: ReadUserRange | undefined;
}

/** A pod's sandbox as kubelet asks for it. */
export function sandboxConfig(pod: ReadPod, parts: SandboxParts): PodConfig {
  const { uid, node, attempt, cgroupParent, users } = parts;
  const { metadata, spec } = pod;
  const { name, namespace, annotations } = metadata;
  const { hostNetwork, containers, initContainers } = spec;
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  return {
    metadata: { name, namespace, uid, attempt },
    ...(hostNetwork ? {} : { hostname: spec.hostname ?? hostnameOf(name) }),
    dnsConfig: dnsConfig(spec, node.resolvConf),
    portMappings: [...containers, ...sidecars].flatMap(({ ports }) =>
      ports.map((port) => portMapping(port, hostNetwork)),
    ),
    labels: podLabels(pod, uid),
    annotations,
    linux: {
      ...(cgroupParent !== undefined && { cgroupParent }),
      sysctls: Object.fromEntries(
        (spec.securityContext?.sysctls ?? []).map(({ name: key, value }) => [key, value]),
      ),
      securityContext: sandboxSecurity(pod, users),
      ...sandboxResources(pod),
    },
  };
}

function sandboxSecurity(pod: ReadPod, users: ReadUserRange | undefined) {
  const { spec } = pod;
  const { runAsUser, runAsGroup, seLinuxOptions } = spec.securityContext ?? {};
  const all = [...spec.containers, ...spec.initContainers];
  return {
    privileged: all.some(({ securityContext }) => securityContext?.privileged),
    seccomp: { profileType: ProfileType.RuntimeDefault, localhostRef: "" },
    namespaceOptions: namespaces(spec, users),
    supplementalGroups: supplementalGroups(pod),
    ...(runAsUser !== undefined && { runAsUser: { value: BigInt(runAsUser) } }),
    ...(runAsUser !== undefined && runAsGroup !== undefined && { runAsGroup: { value: BigInt(runAsGroup) } }),
    ...(seLinuxOptions && { selinuxOptions: seLinuxTexts(seLinuxOptions) }),
  };
}

/** A pod's name may be longer than the kernel's host names. */
function hostnameOf(name: string): string {
  return name.slice(0, 63).replace(/[-.]+$/, "");
}

function portMapping({ containerPort, hostPort, hostIP, protocol }: ReadPort, hostNetwork: boolean) {
  return {
    protocol: Protocol[protocol],
    containerPort,
    hostPort: hostPort ?? (hostNetwork ? containerPort : 0),
    hostIp: hostIP ?? "",
  };
}
