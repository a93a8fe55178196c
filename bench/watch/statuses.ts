import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Container,
  ContainerState,
  type ContainerStatusSchema,
  NamespaceMode,
  PodSandboxState,
  type PodSandboxStatusSchema,
  Signal,
} from "../../src/proto.js";

/** The pod of a canned container, as a list tells of it. */
export function listedPod({ podSandboxId: id, labels, createdAt }: Container) {
  const name = labels["io.kubernetes.pod.name"] ?? "";
  const uid = labels["io.kubernetes.pod.uid"] ?? "";
  const ofKubelet = { ...labels };
  delete ofKubelet["io.kubernetes.container.name"];
  return {
    id,
    metadata: { name, namespace: "default", uid, attempt: 0 },
    state: PodSandboxState.SANDBOX_READY,
    createdAt,
    labels: { ...ofKubelet, app: "web", "pod-template-hash": "7d4b9c6f5" },
    annotations: {
      "kubernetes.io/config.seen": "2026-09-21T13:33:20.000000000Z",
      "kubernetes.io/config.source": "api",
    },
  };
}

/** The same as its status tells of it: what containerd puts in each event. */
export function podStatus(container: Container): MessageInitShape<typeof PodSandboxStatusSchema> {
  const namespaces = {
    network: NamespaceMode.POD,
    pid: NamespaceMode.CONTAINER,
    ipc: NamespaceMode.POD,
  };
  return {
    ...listedPod(container),
    network: { ip: "10.244.3.17", additionalIps: [{ ip: "fd00:10:244:3::11" }] },
    linux: { namespaces: { options: namespaces } },
  };
}

/** A canned container as its status tells of it, with the mounts and limits that kubelet gives. */
export function containerStatus({
  podSandboxId: _pod,
  $typeName: _name,
  ...container
}: Container): MessageInitShape<typeof ContainerStatusSchema> {
  const { state, createdAt, labels } = container;
  const pod = labels["io.kubernetes.pod.name"] ?? "";
  const uid = labels["io.kubernetes.pod.uid"] ?? "";
  const ofKubelet = `/var/lib/kubelet/pods/${uid}`;
  return {
    ...container,
    startedAt: createdAt + 1_000_000_000n,
    finishedAt: state === ContainerState.CONTAINER_EXITED ? createdAt + 9_000_000_000n : 0n,
    reason: state === ContainerState.CONTAINER_EXITED ? "Completed" : "",
    mounts: [
      mount("/etc/app", `${ofKubelet}/volumes/kubernetes.io~configmap/config`),
      mount(
        "/var/run/secrets/kubernetes.io/serviceaccount",
        `${ofKubelet}/volumes/kubernetes.io~projected/kube-api-access`,
      ),
      mount("/etc/hosts", `${ofKubelet}/etc-hosts`),
      mount("/dev/termination-log", `${ofKubelet}/containers/app/5f1c2d3e`),
    ],
    logPath: `/var/log/pods/default_${pod}_${uid}/app/0.log`,
    resources: {
      linux: {
        cpuPeriod: 100_000n,
        cpuQuota: 50_000n,
        cpuShares: 512n,
        memoryLimitInBytes: 268_435_456n,
        oomScoreAdj: 985n,
      },
    },
    user: { linux: { uid: 1000n, gid: 1000n, supplementalGroups: [1000n] } },
    stopSignal: Signal.SIGTERM,
  };
}

function mount(containerPath: string, hostPath: string) {
  return { containerPath, hostPath, readonly: true };
}
