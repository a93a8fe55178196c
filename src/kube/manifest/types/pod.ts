import type { ObjectMetadata, OneOf, Quantity } from "./common.js";
import type { ContainerManifest } from "./container.js";
import type { PodSecurityContext } from "./security.js";
import type { VolumeManifest } from "./volume.js";

/**
 * A `v1` Pod: what `kubectl` takes, the `V1Pod` of `@kubernetes/client-node`, or the JSON of one. It has the fields
 * that `playPod` carries out; any other one is an error when the pod is played.
 */
export interface PodManifest {
  /** `v1` unless told. */
  apiVersion?: string | undefined;
  /** `Pod` unless told. */
  kind?: string | undefined;
  metadata?: ObjectMetadata | undefined;
  spec?: PodSpec | undefined;
}

/** What a pod is to be, in Kubernetes' words. */
export interface PodSpec {
  /** Started one after the other, in this order. */
  containers: ContainerManifest[];
  /**
   * Run one after the other before the others; each must end with 0. One with `restartPolicy: Always` is a sidecar:
   * it stays, and the next is begun once it has started.
   */
  initContainers?: ContainerManifest[] | undefined;
  volumes?: VolumeManifest[] | undefined;
  /**
   * Secrets of the type `kubernetes.io/dockerconfigjson`. The first that has credentials for an image is used for it;
   * where none has, the client looks where `connect()` was told to.
   */
  imagePullSecrets?: { name?: string | undefined }[] | undefined;
  /** `Always` unless told. */
  restartPolicy?: OneOf<"Always" | "OnFailure" | "Never"> | undefined;
  /** How long containers may take to end before they are killed; 30 unless told. */
  terminationGracePeriodSeconds?: number | undefined;
  /** The pod fails when it has not ended after so many seconds. */
  activeDeadlineSeconds?: number | undefined;
  /** There is no cluster DNS, so `ClusterFirst` and `ClusterFirstWithHostNet` are `Default`: the host's. */
  dnsPolicy?: OneOf<"ClusterFirst" | "ClusterFirstWithHostNet" | "Default" | "None"> | undefined;
  dnsConfig?: PodDnsConfig | undefined;
  /** The pod's name unless told. */
  hostname?: string | undefined;
  /** Further lines of `/etc/hosts`. */
  hostAliases?: HostAlias[] | undefined;
  hostNetwork?: boolean | undefined;
  hostPID?: boolean | undefined;
  hostIPC?: boolean | undefined;
  /**
   * False: the pod has a user namespace, in which its root is somebody else on the host. Wants a runtime whose handler
   * has such. See `PlayPodOptions.userRange`.
   */
  hostUsers?: boolean | undefined;
  /** All containers see each other's processes. */
  shareProcessNamespace?: boolean | undefined;
  securityContext?: PodSecurityContext | undefined;
  /** The runtime handler to run the pod with. */
  runtimeClassName?: string | undefined;
  /** What the sandbox itself takes, beside its containers. */
  overhead?: { [resource: string]: Quantity } | undefined;
  /** There are no services: only `false`. */
  enableServiceLinks?: boolean | undefined;
  /** There are no service accounts: only `false`. */
  automountServiceAccountToken?: boolean | undefined;
}

/** What stands in the pod's resolv.conf. */
export interface PodDnsConfig {
  nameservers?: string[] | undefined;
  searches?: string[] | undefined;
  options?: { name?: string | undefined; value?: string | undefined }[] | undefined;
}

/** A line of the pod's /etc/hosts. */
export interface HostAlias {
  ip: string;
  hostnames?: string[] | undefined;
}
