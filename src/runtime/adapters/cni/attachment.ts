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
}
