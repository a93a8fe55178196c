import type { ObjectMetadata } from "./common.js";

/** A `v1` ConfigMap, for the pods that are played with it. */
export interface ConfigMapManifest {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata?: Omit<ObjectMetadata, "uid"> | undefined;
  data?: { [key: string]: string } | undefined;
  /** In base64. */
  binaryData?: { [key: string]: string } | undefined;
  immutable?: boolean | undefined;
}

/** A `v1` Secret, for the pods that are played with it. */
export interface SecretManifest {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata?: Omit<ObjectMetadata, "uid"> | undefined;
  type?: string | undefined;
  /** In base64. */
  data?: { [key: string]: string } | undefined;
  /** As plain text; goes before `data`. */
  stringData?: { [key: string]: string } | undefined;
  immutable?: boolean | undefined;
}
