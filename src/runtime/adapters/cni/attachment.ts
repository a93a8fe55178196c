/** A port of the host that leads to one of the pod. */
export interface PortMapping {
  hostPort: number;
  containerPort: number;
  protocol: "tcp" | "udp" | "sctp";
  /** The only address of the host to listen on; all unless given. */
  hostIP?: string;
}

/** One network namespace in the network. */
export interface Attachment {
  /** The sandbox ID. */
  id: string;
  /** The namespace's file. At removal it may be gone already. */
  netns: string;
  pod: { name: string; namespace: string; uid: string };
  portMappings: PortMapping[];
  /** Asked for by the pod; of use to plugins that configure it in the network, or in a virtual machine. */
  dns?: { servers: string[]; searches: string[]; options: string[] } | undefined;
  bandwidth?: Bandwidth | undefined;
  annotations?: Record<string, string> | undefined;
}

/** Limits in bits and bits per second, seen from the pod. */
export interface Bandwidth {
  ingressRate?: number;
  ingressBurst?: number;
  egressRate?: number;
  egressBurst?: number;
}
