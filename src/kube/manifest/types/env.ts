import type { Quantity } from "./common.js";

export interface EnvVar {
  name: string;
  /** `$(NAME)` stands for a variable before it; `$$(NAME)` for that text itself. */
  value?: string | undefined;
  valueFrom?: EnvVarSource | undefined;
}

/** Exactly one of these. */
export interface EnvVarSource {
  fieldRef?: ObjectFieldRef | undefined;
  resourceFieldRef?: ResourceFieldRef | undefined;
  configMapKeyRef?: KeyRef | undefined;
  secretKeyRef?: KeyRef | undefined;
}

export interface ObjectFieldRef {
  apiVersion?: string | undefined;
  /**
   * `metadata.name`, `metadata.namespace`, `metadata.uid`, `metadata.labels['NAME']`, `metadata.annotations['NAME']`,
   * `spec.nodeName`, `spec.serviceAccountName`, `status.hostIP`, `status.hostIPs`, `status.podIP`, `status.podIPs`.
   */
  fieldPath: string;
}

export interface ResourceFieldRef {
  /** The container itself unless told. */
  containerName?: string | undefined;
  /** `limits.cpu`, `limits.memory`, `requests.cpu` or `requests.memory`. */
  resource: string;
  /** The unit of the answer, which is rounded up; 1 unless told. */
  divisor?: Quantity | undefined;
}

export interface KeyRef {
  name?: string | undefined;
  key: string;
  optional?: boolean | undefined;
}

/** All entries of a ConfigMap or a Secret as variables. */
export interface EnvFromSource {
  prefix?: string | undefined;
  configMapRef?: ObjectRef | undefined;
  secretRef?: ObjectRef | undefined;
}

export interface ObjectRef {
  name?: string | undefined;
  optional?: boolean | undefined;
}
