import type { JsonValue } from "@bufbuild/protobuf";

import type { OciResources, SelinuxLabels } from "../oci.js";
import type { RecordedProcess } from "./sandbox-record.js";
import type { Timestamp } from "./time.js";

/** What is known of a container. Its state is derived from it, never stored. */
export interface ContainerRecord {
  id: string;
  /** Unique among containers, made from the metadata of container and sandbox. */
  name: string;
  sandboxId: string;
  metadata: { name: string; attempt: number };
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** The request's ContainerConfig as protobuf JSON. */
  config: JsonValue;
  /** Limits that were set since, as protobuf JSON of LinuxContainerResources; until then those of `config` hold. */
  resources?: JsonValue | undefined;
  /** An update of its limits that is under way. */
  update?: LimitsUpdate | undefined;
  /** A checkpoint under way: its processes may be paused. */
  checkpoint?: CheckpointWork | undefined;
  /** Its start takes the processes from the checkpoint beside this record. */
  fromCheckpoint?: boolean | undefined;
  image: {
    /** What people call it. */
    asked: string;
    /** The image's ID as clients see it. */
    id: string;
    /** Its first digest reference, else its ID. */
    ref: string;
    layers: string[];
  };
  /** Images whose files it has mounted. */
  imageVolumes?: ImageVolume[] | undefined;
  /** How its files come to belong to the users of its user namespace; undefined without one. */
  ownerMapping?: "idmapped" | "shifted" | undefined;
  user: { uid: number; gid: number; additionalGids: number[] };
  /** File of the output; undefined when the output is dropped. */
  logPath?: string | undefined;
  /** What StopContainer sends first: a name that the OCI runtime knows, or a number. */
  stopSignal: string;
  /** Its init process is alone in deciding when its processes end. */
  ownPidNamespace: boolean;
  cgroupParent: string;
  /** Undefined in a pod without labels. */
  selinux?: SelinuxLabels | undefined;
  createdAt: Timestamp;
  /** `making` until CreateContainer is through, `starting` while StartContainer is, `removing` at the end. */
  step?: "making" | "starting" | "removing" | undefined;
  init?: RecordedProcess | undefined;
  monitor?: RecordedProcess | undefined;
  startedAt?: Timestamp | undefined;
  /** A stop has sent SIGKILL: an end by it is nobody else's doing. */
  isKilled?: true | undefined;
  finishedAt?: Timestamp | undefined;
  exitCode?: number | undefined;
  /** `Completed`, `Error`, `OOMKilled`, `StartError` or `Unknown`, once it has ended. */
  reason?: string | undefined;
  message?: string | undefined;
}

/** An image that is mounted in place of a host path. */
export interface ImageVolume {
  /** Which of the configuration's mounts it is. */
  mount: number;
  /** The image's ID as clients see it. */
  id: string;
  layers: string[];
}

/** All that it takes to undo a checkpoint that was not finished. */
export interface CheckpointWork {
  /** What it has made on the disk. */
  paths: string[];
}

/** All that it takes to finish an update of limits, or to undo it. */
export interface LimitsUpdate {
  resources: JsonValue;
  /** The same in OCI's terms. */
  limits: OciResources;
  /** Undefined: it stays. */
  oomScoreAdj: number | undefined;
  /** What the kernel's files said before, by their paths. */
  before: Record<string, string>;
}

/** The version of the record's shape; see `StoreOptions.version`. */
export const containerRecordVersion = 1;

export type ContainerStateName = "created" | "running" | "exited";

export function containerState(record: ContainerRecord): ContainerStateName {
  if (record.finishedAt !== undefined) return "exited";
  return record.startedAt !== undefined ? "running" : "created";
}

/** The codes of ends that no command chose. */
export const startErrorExitCode = 128;
export const unknownExitCode = 255;
