import type { Quantity } from "./common.js";

/** One environment variable, with its value or where that comes from. */
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

/** A field of the pod itself. */
export interface ObjectFieldRef {
  apiVersion?: string | undefined;
  /**
   * `metadata.name`, `metadata.namespace`, `metadata.uid`, `metadata.labels['NAME']`, `metadata.annotations['NAME']`,
   * `spec.nodeName`, `spec.serviceAccountName`, `status.hostIP`, `status.hostIPs`, `status.podIP`, `status.podIPs`.
   */
  fieldPath: string;
}

/** A request or a limit of a container. */
export interface ResourceFieldRef {
  /** The container itself unless told. */
  containerName?: string | undefined;
  /** `limits.cpu`, `limits.memory`, `requests.cpu` or `requests.memory`. */
  resource: string;
  /** The unit of the answer, which is rounded up; 1 unless told. */
  divisor?: Quantity | undefined;
}

/** One key of a ConfigMap or a Secret. */
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

/** A ConfigMap or a Secret as a whole. */
export interface ObjectRef {
  name?: string | undefined;
  optional?: boolean | undefined;
}
