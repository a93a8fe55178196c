import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ContainerConfig as ContainerConfigMessage,
  ContainerConfigSchema,
  ImageSpec,
  ImageSpecSchema,
  Mount,
  MountSchema,
  PodSandboxConfig,
  PodSandboxConfigSchema,
} from "../proto.js";

type PodFields = Exclude<MessageInitShape<typeof PodSandboxConfigSchema>, PodSandboxConfig>;
type ContainerFields = Exclude<MessageInitShape<typeof ContainerConfigSchema>, ContainerConfigMessage>;
type ImageFields = Exclude<MessageInitShape<typeof ImageSpecSchema>, ImageSpec>;
type MountFields = Exclude<MessageInitShape<typeof MountSchema>, Mount>;

/**
 * What a pod is to be: the fields of CRI's `PodSandboxConfig`. All but the name has a default; what is set
 * stands.
 */
export interface PodConfig extends Omit<PodFields, "metadata"> {
  /** What names the pod. Two pods that are the same in all four cannot be at one time. */
  metadata: {
    name: string;
    /** Random unless set. */
    uid?: string | undefined;
    /** `default` unless set. */
    namespace?: string | undefined;
    /** Counts the re-creations of one pod; 0 unless set. */
    attempt?: number | undefined;
  };
}

/** What a container is to be: the fields of CRI's `ContainerConfig`. What is set stands. */
export interface ContainerConfig extends Omit<ContainerFields, "metadata" | "image" | "envs" | "mounts"> {
  /** What names the container in its pod. Two with the same name and attempt cannot be at one time. */
  metadata: {
    name: string;
    /** Counts the re-creations of one container in its pod; 0 unless set. */
    attempt?: number | undefined;
  };
  /** The image must be there: pull it before. */
  image: ImageFields & { image: string };
  /** Values are bytes in CRI; text is sent as UTF-8. */
  envs?: { key: string; value: string | Uint8Array }[] | undefined;
  /** What of the host, and which images, the container sees where. */
  mounts?: (MountConfig | Mount)[] | undefined;
}

/** What is mounted in a container: the fields of CRI's `Mount`. */
export interface MountConfig extends Omit<MountFields, "image"> {
  /**
   * The files of an image in place of a host path, by its name or ID: `imageSubPath` names a directory of it. The image
   * must be there: pull it before. `readonly` is true unless set, as runtimes refuse anything else.
   */
  image?: string | ImageSpec | (ImageFields & { image: string }) | undefined;
}
