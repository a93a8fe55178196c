import type { ObjectMetadata } from "../types/common.js";
import type { HostAlias, PodDnsConfig, PodManifest, PodSpec } from "../types/pod.js";
import { container, initContainer } from "./container.js";
import { overhead } from "./resources.js";
import type { Output, RulesOf } from "./rule.js";
import { podSecurityContext } from "./security.js";
import { checked, list, mapOf, object, optional, withDefault } from "./structures.js";
import {
  address,
  dnsLabel,
  dnsName,
  filled,
  flag,
  identifier,
  integer,
  labelValue,
  oneOf,
  only,
  text,
} from "./values.js";
import { volume } from "./volume.js";

const metadata = object({
  name: dnsName,
  namespace: withDefault(dnsLabel, "default"),
  uid: optional(identifier),
  labels: mapOf(labelValue),
  annotations: mapOf(text),
} satisfies RulesOf<ObjectMetadata>);

const dnsConfig = object({
  nameservers: list(address),
  searches: list(filled),
  options: list(object({ name: filled, value: optional(text) })),
} satisfies RulesOf<PodDnsConfig>);

const hostAlias = object({ ip: address, hostnames: list(dnsName) } satisfies RulesOf<HostAlias>);

const spec = checked(
  object(
    {
      containers: checked(list(container), ({ length }) =>
        length === 0 ? "is empty: a pod has one container at least" : undefined,
      ),
      initContainers: list(initContainer),
      volumes: list(volume),
      imagePullSecrets: list(object({ name: dnsName })),
      restartPolicy: withDefault(oneOf("Always", "OnFailure", "Never"), "Always"),
      terminationGracePeriodSeconds: withDefault(integer(0), 30),
      activeDeadlineSeconds: optional(integer(1, 2_147_483)),
      dnsPolicy: withDefault(
        oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "ClusterFirst",
      ),
      dnsConfig: optional(dnsConfig),
      hostname: optional(dnsLabel),
      hostAliases: list(hostAlias),
      hostNetwork: withDefault(flag, false),
      hostPID: withDefault(flag, false),
      hostIPC: withDefault(flag, false),
      hostUsers: withDefault(flag, true),
      shareProcessNamespace: withDefault(flag, false),
      securityContext: optional(podSecurityContext),
      runtimeClassName: optional(dnsName),
      overhead,
      enableServiceLinks: optional(only(false, "there are no services")),
      automountServiceAccountToken: optional(only(false, "there is no API server to ask for a token")),
    } satisfies RulesOf<PodSpec>,
    {
      serviceAccountName: "there is no API server to ask for a token",
      serviceAccount: "there is no API server to ask for a token",
      nodeName: "the pod is played on this node: take it out",
      schedulerName: "nothing is scheduled: take it out",
      nodeSelector: "nothing is scheduled: take it out",
      affinity: "nothing is scheduled: take it out",
      tolerations: "nothing is scheduled: take it out",
      topologySpreadConstraints: "nothing is scheduled: take it out",
      schedulingGates: "nothing is scheduled: take it out",
      priority: "nothing is scheduled: take it out",
      priorityClassName: "nothing is scheduled: take it out",
      preemptionPolicy: "nothing is scheduled: take it out",
      ephemeralContainers: "use container.spawn() to look into a pod",
      resourceClaims: "there is no allocator of devices",
    },
  ),
  ownUsersNeed,
);

/** Root of a user namespace has no say over what is the host's. */
function ownUsersNeed(
  spec: { readonly [field in "hostUsers" | "hostNetwork" | "hostPID" | "hostIPC"]: boolean },
) {
  const shared = spec.hostUsers
    ? undefined
    : (["hostNetwork", "hostPID", "hostIPC"] as const).find((name) => spec[name]);
  return shared && `has hostUsers false together with ${shared}: take one of them out`;
}

export const pod = object(
  {
    apiVersion: withDefault(oneOf("v1"), "v1"),
    kind: withDefault(oneOf("Pod"), "Pod"),
    metadata,
    spec,
  } satisfies RulesOf<PodManifest>,
  { status: "is what a cluster has told of a pod: take it out" },
);

export type ReadPod = Output<typeof pod>;
