import type { JsonValue } from "@bufbuild/protobuf";

import type { IdMappings, SelinuxLabels } from "../oci.js";
import type { Timestamp } from "./time.js";

/** A process that cannot be mistaken for a later one with the same pid. */
export interface RecordedProcess {
  pid: number;
  startTime: string;
}

export interface RecordedPortMapping {
  hostPort: number;
  containerPort: number;
  protocol: "tcp" | "udp" | "sctp";
  hostIP?: string;
}

/**
 * What is known of a sandbox. Written before each step that makes or frees something, so that a daemon
 * started after a crash knows what there may be to undo.
 */
export interface SandboxRecord {
  id: string;
  /** Unique among sandboxes, made from the metadata. */
  name: string;
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** The name of the handler that runs it. */
  handler: string;
  /** The request's PodSandboxConfig as protobuf JSON. */
  config: JsonValue;
  /** Where the kernel's limits of the pod hang, empty unless asked for. */
  cgroupParent: string;
  logDirectory: string;
  hostname: string;
  /** File of the network namespace; undefined with the node's network. */
  netns?: string | undefined;
  /** The IDs of its user namespace; undefined with the node's. */
  userns?: IdMappings | undefined;
  portMappings: RecordedPortMapping[];
  /** The primary address first; empty with the node's network and after the stop. */
  ips: string[];
  /** The IPC namespace, and with it /dev/shm, is the node's. */
  hostIpc: boolean;
  /** Its containers get these too unless they ask for others; undefined where nothing is labelled. */
  selinux?: SelinuxLabels | undefined;
  createdAt: Timestamp;
  /** What is being done to it: `making` until RunPodSandbox is through, `removing` from RemovePodSandbox on. */
  step?: "making" | "stopping" | "removing" | undefined;
  pause?: RecordedProcess | undefined;
  monitor?: RecordedProcess | undefined;
  /** When the pause process ended. */
  exitedAt?: Timestamp | undefined;
  /** When StopPodSandbox had freed the network. */
  stoppedAt?: Timestamp | undefined;
}

/** The version of the record's shape; see `StoreOptions.version`. */
export const sandboxRecordVersion = 1;

/** Ready: its pause process holds the namespaces and nobody has asked for it to stop. */
export function isReady(record: SandboxRecord): boolean {
  return record.step === undefined && record.exitedAt === undefined && record.stoppedAt === undefined;
}

/** Sandboxes still being made are known to nobody yet. */
export function isListed(record: { step?: string | undefined }): boolean {
  return record.step !== "making";
}
