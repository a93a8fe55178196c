import { Code, ConnectError } from "@connectrpc/connect";
import {
  CriError,
  type CriErrorCode,
  type CriErrorOptions,
  type CriReason,
  criReasons,
  DeadlineError,
  ImagePullError,
  InvalidArgumentError,
  NameReservedError,
  NotFoundError,
  UnavailableError,
  UnsupportedError,
} from "../errors.js";
import { maskSecrets } from "../messages/mask-secrets.js";
import { dialError } from "./dial-error.js";
import type { Endpoint } from "./endpoint.js";

/** What is known of a call that failed. */
export interface FailedCall {
  readonly rpc: string;
  readonly endpoint: Endpoint;
  /** The caller's own signal: once it has aborted, its reason is what the caller gets. */
  readonly signal?: AbortSignal | undefined;
  /** The deadline that was set, 0 for none. */
  readonly timeoutMs: number;
  /** How often the call was made. */
  readonly tries?: number | undefined;
  /** What the request holds of secrets: the runtime, or a registry behind it, may send them back. */
  secrets?(): readonly string[];
}

/**
 * What to throw for the error of a transport: the one place where `ConnectError`s and socket errors become
 * `CriError`s. An abort is looked for first, because `AbortSignal.timeout` must not pass for a deadline.
 */
export function rpcError(error: unknown, call: FailedCall): unknown {
  if (call.signal?.aborted) return call.signal.reason;
  // By an interceptor, or by an earlier step of the same call.
  if (error instanceof CriError) return error;
  const options = { cause: error, rpc: call.rpc, endpoint: call.endpoint.address, tries: call.tries };
  const dial = dialError(error, call.endpoint, options);
  if (dial) return dial;
  const status = ConnectError.from(error);
  if (isClosed(status)) return new CriError("closed", `${call.rpc}: ${status.rawMessage}`, options);
  const told = withoutSecrets(status, call.secrets?.() ?? []);
  return statusError(told, call, { ...options, cause: told === status ? error : told });
}

/** Details and metadata may say again what the message says. */
function withoutSecrets(status: ConnectError, secrets: readonly string[]): ConnectError {
  const text = maskSecrets(status.rawMessage, secrets);
  if (secrets.length === 0 && text === status.rawMessage) return status;
  return new ConnectError(text, status.code);
}

function statusError(status: ConnectError, call: FailedCall, options: CriErrorOptions): CriError {
  const text = runtimeText(status);
  const message = `${call.rpc}: ${text}`;
  const known = status.code === Code.Unknown ? knownText(text, message, options) : undefined;
  if (known) return known;
  // containerd and CRI-O send this one as Unknown, but nothing keeps a runtime from a better code.
  if (isNameReserved(text)) return new NameReservedError(message, options);
  switch (status.code) {
    case Code.InvalidArgument:
      return new InvalidArgumentError(message, options);
    case Code.NotFound:
      return new NotFoundError(message, options);
    case Code.DeadlineExceeded:
      return new DeadlineError(deadlineMessage(text, call), options);
    case Code.Unimplemented:
      return new UnsupportedError(`${call.rpc} is not served by this runtime: ${text}`, options);
    case Code.Unavailable:
      return new UnavailableError(message, options);
    default:
      return new CriError(codes[status.code] ?? "unknown", message, options);
  }
}

/** The meanings that CRI and its runtimes put in the text of an Unknown status. */
function knownText(text: string, message: string, options: CriErrorOptions): CriError | undefined {
  const reason = criReason(text);
  if (reason) return reasonError(reason, message, { ...options, reason });
  if (isNotImplemented(text)) {
    return new UnsupportedError(`${options.rpc} is not served by this runtime: ${text}`, options);
  }
  if (isMissing(text, options.rpc)) return new NotFoundError(message, options);
  return undefined;
}

function reasonError(reason: CriReason, message: string, options: CriErrorOptions): CriError {
  const code = criReasons[reason];
  const isPull = code === "registry_unavailable" || code === "signature_validation_failed";
  return isPull ? new ImagePullError(code, message, options) : new CriError(code, message, options);
}

/** kubelet, too, looks at the first word only. */
function criReason(text: string): CriReason | undefined {
  const word = /^\w+/.exec(text)?.[0];
  return word !== undefined && Object.hasOwn(criReasons, word) ? (word as CriReason) : undefined;
}

/** Some runtimes wrap the error of another call whole, status and all. */
function runtimeText(status: ConnectError): string {
  return status.rawMessage.replace(/^(rpc error: code = Unknown desc = )+/, "");
}

/**
 * CRI-O's `container with ID starting with 12ab not found: ID does not exist`, `reference "[overlay@/a+/b]app:1" does
 * not resolve to an image ID`, and what the registry says when it has no such tag.
 */
function isMissing(text: string, rpc: string | undefined): boolean {
  if (rpc === "PullImage") return /\bmanifest unknown\b/.test(text);
  return /: ID does not exist$|\bdoes not resolve to an image ID$/.test(text);
}

/**
 * `name "a_b" is reserved for "ID"` says containerd, `error reserving ctr name a_b for id ID: name is reserved`
 * CRI-O, and cri-dockerd passes on Docker's `The container name "/a" is already in use by container "ID"`.
 */
function isNameReserved(text: string): boolean {
  return /\bname (".*" )?is (reserved\b|already in use by container\b)/i.test(text);
}

/** As containerd 2.2 answers UpdatePodSandboxResources. ENOSYS reads alike and is another matter. */
function isNotImplemented(text: string): boolean {
  return (
    /\bnot (yet )?implemented\b|^unknown service\b/i.test(text) && !/\bfunction not implemented\b/i.test(text)
  );
}

function deadlineMessage(text: string, { rpc, timeoutMs }: FailedCall): string {
  const limit = timeoutMs > 0 ? ` within ${timeoutMs} ms` : "";
  return `${rpc} was not done${limit}: ${text}`;
}

function isClosed(status: ConnectError): boolean {
  return status.cause instanceof CriError && status.cause.code === "closed";
}

const codes: Partial<Record<Code, CriErrorCode>> = {
  [Code.Canceled]: "canceled",
  [Code.AlreadyExists]: "already_exists",
  [Code.PermissionDenied]: "permission_denied",
  [Code.ResourceExhausted]: "resource_exhausted",
  [Code.FailedPrecondition]: "failed_precondition",
  [Code.Aborted]: "aborted",
  [Code.OutOfRange]: "out_of_range",
  [Code.Internal]: "internal",
  [Code.DataLoss]: "data_loss",
  [Code.Unauthenticated]: "unauthenticated",
};
