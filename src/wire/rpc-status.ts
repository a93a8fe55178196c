import { Code, ConnectError } from "@connectrpc/connect";

import { CriError, type CriErrorCode, type CriReason, criReasons } from "../errors.js";
import { isFullDisk } from "./full-disk.js";

const codes: Record<CriErrorCode, Code> = {
  canceled: Code.Canceled,
  unknown: Code.Unknown,
  invalid_argument: Code.InvalidArgument,
  deadline_exceeded: Code.DeadlineExceeded,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  out_of_range: Code.OutOfRange,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  data_loss: Code.DataLoss,
  unauthenticated: Code.Unauthenticated,
  unsupported: Code.Unimplemented,
  name_reserved: Code.AlreadyExists,
  // The reasons of CRI travel in the message of an UNKNOWN status.
  registry_unavailable: Code.Unknown,
  signature_validation_failed: Code.Unknown,
  rro_unsupported: Code.Unknown,
  image_volume_mount_failed: Code.Unknown,
  // A client's situations, which no use case is in.
  not_running: Code.Internal,
  no_permission: Code.Internal,
  stale_socket: Code.Internal,
  no_endpoint: Code.Internal,
  non_zero_exit: Code.Internal,
  credentials_failed: Code.Internal,
  image_never_pull: Code.Internal,
  closed: Code.Internal,
};

/** The gRPC status that a client gets for an error. `mask` takes secrets out of its message. */
export function toRpcStatus(
  error: unknown,
  signal: AbortSignal,
  mask: (text: string) => string = (text) => text,
): ConnectError {
  const make = (message: string, code: Code) =>
    new ConnectError(mask(message), code, undefined, undefined, error);
  if (error instanceof ConnectError) return make(error.rawMessage, error.code);
  if (error instanceof CriError) {
    const reason = error.reason ?? reasonOf(error.code);
    return make(reason ? `${reason}: ${error.message}` : error.message, codes[error.code]);
  }
  const message = error instanceof Error ? error.message : String(error);
  if (signal.aborted && error === signal.reason) return make(message, Code.Canceled);
  return make(message, isFullDisk(error) ? Code.ResourceExhausted : Code.Internal);
}

/** True for an error that nobody foresaw: its stack belongs in the log. */
export function isUnforeseen(error: unknown): boolean {
  return !(error instanceof CriError || error instanceof ConnectError || isFullDisk(error));
}

function reasonOf(code: CriErrorCode): CriReason | undefined {
  for (const [reason, known] of Object.entries(criReasons)) if (known === code) return reason as CriReason;
  return undefined;
}
