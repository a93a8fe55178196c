import type { OneOf, Quantity } from "./common.js";
import type { ObjectFieldRef, ResourceFieldRef } from "./env.js";

/** Exactly one source. */
export interface VolumeManifest {
  name: string;
  emptyDir?: EmptyDirVolume | undefined;
  hostPath?: HostPathVolume | undefined;
  configMap?: ConfigMapVolume | undefined;
  secret?: SecretVolume | undefined;
  downwardAPI?: DownwardApiVolume | undefined;
  projected?: ProjectedVolume | undefined;
  image?: ImageVolume | undefined;
}

/** A directory that lives as long as the pod. */
export interface EmptyDirVolume {
  /** `Memory` is a tmpfs. */
  medium?: OneOf<"" | "Memory"> | undefined;
  /** Only with `medium: Memory`. */
  sizeLimit?: Quantity | undefined;
}

/** A file or a directory of the host. */
export interface HostPathVolume {
  path: string;
  /** What must be there; unless told it is not looked at. */
  type?:
    | OneOf<
        | ""
        | "DirectoryOrCreate"
        | "Directory"
        | "FileOrCreate"
        | "File"
        | "Socket"
        | "CharDevice"
        | "BlockDevice"
      >
    | undefined;
}

/** A key, and the file that it becomes. */
export interface KeyToPath {
  key: string;
  /** Relative, without `..`. */
  path: string;
  mode?: number | undefined;
}

/** The keys of a ConfigMap as files. */
export interface ConfigMapVolume {
  name?: string | undefined;
  /** All entries, named by their keys, unless told. */
  items?: KeyToPath[] | undefined;
  /** 0644 unless told. JSON has no octal numbers: 420. */
  defaultMode?: number | undefined;
  optional?: boolean | undefined;
}

/** The keys of a Secret as files. */
export interface SecretVolume {
  secretName?: string | undefined;
  items?: KeyToPath[] | undefined;
  /** 0644 unless told. */
  defaultMode?: number | undefined;
  optional?: boolean | undefined;
}

/** A fact of the pod, and the file that it becomes. */
export interface DownwardApiFile {
  path: string;
  /** As for variables, and `metadata.labels` and `metadata.annotations` as a whole. */
  fieldRef?: ObjectFieldRef | undefined;
  resourceFieldRef?: ResourceFieldRef | undefined;
  mode?: number | undefined;
}

/** Facts of the pod as files. */
export interface DownwardApiVolume {
  items?: DownwardApiFile[] | undefined;
  /** 0644 unless told. */
  defaultMode?: number | undefined;
}

/** Several sources in one directory. */
export interface ProjectedVolume {
  sources?: ProjectedSource[] | undefined;
  /** 0644 unless told. */
  defaultMode?: number | undefined;
}

/** Exactly one of these. */
export interface ProjectedSource {
  configMap?: Pick<ConfigMapVolume, "name" | "items" | "optional"> | undefined;
  secret?: Pick<ConfigMapVolume, "name" | "items" | "optional"> | undefined;
  downwardAPI?: Pick<DownwardApiVolume, "items"> | undefined;
}

/** The files of an image, which nobody can write to. Wants a runtime that mounts images. */
export interface ImageVolume {
  reference?: string | undefined;
  /** `Always` for the tag latest, else `IfNotPresent`, unless told. */
  pullPolicy?: OneOf<"Always" | "IfNotPresent" | "Never"> | undefined;
}

/** Where a volume is seen in a container. */
export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: boolean | undefined;
  /** Mounts in the volume, too; only with `readOnly`. */
  recursiveReadOnly?: OneOf<"Disabled" | "IfPossible" | "Enabled"> | undefined;
  /** `None` unless told, and for images; `Bidirectional` wants a privileged container. */
  mountPropagation?: OneOf<"None" | "HostToContainer" | "Bidirectional"> | undefined;
  /**
   * A path in the volume, made as a directory when it is not there (in an image it must be there). It cannot lead out
   * of the volume.
   */
  subPath?: string | undefined;
  /** The same, with `$(NAME)` for variables of the container. */
  subPathExpr?: string | undefined;
}
