export interface KnownEndpoint {
  /** Who listens there, for messages. */
  readonly runtime: string;
  readonly address: string;
}

const unixSockets: readonly KnownEndpoint[] = [
  { runtime: "containerd", address: "unix:///run/containerd/containerd.sock" },
  { runtime: "CRI-O", address: "unix:///run/crio/crio.sock" },
  { runtime: "cri-dockerd", address: "unix:///run/cri-dockerd.sock" },
  { runtime: "k3s", address: "unix:///run/k3s/containerd/containerd.sock" },
  { runtime: "k0s", address: "unix:///run/k0s/containerd.sock" },
  { runtime: "MicroK8s", address: "unix:///var/snap/microk8s/common/run/containerd.sock" },
  { runtime: "crikit-runtime", address: "unix:///run/crikit/crikit.sock" },
];

/** As crictl for Windows tries them. */
const namedPipes: readonly KnownEndpoint[] = [
  { runtime: "containerd", address: "npipe:////./pipe/containerd-containerd" },
  { runtime: "cri-dockerd", address: "npipe:////./pipe/cri-dockerd" },
];

/** Where runtimes listen unless told otherwise, in the order in which `connect()` prefers them. */
export function knownEndpointsOn(platform: NodeJS.Platform): readonly KnownEndpoint[] {
  return platform === "win32" ? namedPipes : unixSockets;
}
