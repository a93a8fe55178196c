/**
 * Stable codes to switch on. Most mirror a gRPC status; the others name situations that CRI itself has no
 * code for and that a caller would handle apart.
 */
export type CriErrorCode =
  | "canceled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "internal"
  | "unavailable"
  | "data_loss"
  | "unauthenticated"
  /** The runtime does not serve this RPC (gRPC UNIMPLEMENTED, or its equivalents seen in the field). */
  | "unsupported"
  /** No socket at the endpoint (ENOENT): the runtime is not running, or listens elsewhere. */
  | "not_running"
  /** The socket is there, the caller may not open it (EACCES). */
  | "no_permission"
  /** The socket is there, nobody listens (ECONNREFUSED): the runtime died without removing it. */
  | "stale_socket"
  /** None of the endpoints tried by `connect()` answered. */
  | "no_endpoint"
  /** The name made from the metadata belongs to another sandbox or container, often one still being made. */
  | "name_reserved"
  | "registry_unavailable"
  | "signature_validation_failed"
  | "rro_unsupported"
  | "image_volume_mount_failed"
  /** A command ended with a code other than 0 and the caller asked for `check`. */
  | "non_zero_exit"
  /** Credentials for a registry could not be looked up: a file that cannot be read, a helper that fails or hangs. */
  | "credentials_failed"
  /** The image is not there and may not be pulled: kubelet's `ErrImageNeverPull`. */
  | "image_never_pull"
  /** The client was closed. */
  | "closed";

/**
 * The reasons that the CRI API defines. Runtimes send them as the first word of the message of an UNKNOWN
 * status (`RegistryUnavailable: ...`), so that kubelet can show them as the reason of a waiting container.
 */
export const criReasons = {
  RegistryUnavailable: "registry_unavailable",
  SignatureValidationFailed: "signature_validation_failed",
  RROUnsupported: "rro_unsupported",
  ImageVolumeMountFailed: "image_volume_mount_failed",
} as const satisfies Record<string, CriErrorCode>;

/** A reason that CRI has a word for; `criReasons` has the code of each. */
export type CriReason = keyof typeof criReasons;
