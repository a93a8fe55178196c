/** One of these values; other text is taken by the compiler, as manifests come typed as text, and refused when read. */
export type OneOf<T extends string> = T | (string & {});

/** A Kubernetes quantity, such as `"500m"`, `"64Mi"` or `2`. */
export type Quantity = string | number;

/** A port by its number, or by the name that one of the container's `ports` has. */
export type PortRef = number | string;

/** What a manifest says of itself, of any kind. */
export interface ObjectMetadata {
  /** Required: a DNS name in lower case, such as `web-1`. */
  name?: string | undefined;
  /** `default` unless told. */
  namespace?: string | undefined;
  /** Random unless told. */
  uid?: string | undefined;
  labels?: { [name: string]: string } | undefined;
  annotations?: { [name: string]: string } | undefined;
}
