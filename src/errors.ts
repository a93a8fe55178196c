import type { CriErrorCode, CriReason } from "./error-codes.js";

export { type CriErrorCode, type CriReason, criReasons } from "./error-codes.js";

/** What is known of an error beside its code and message. */
export interface CriErrorOptions {
  /** Where the error comes from. Never dropped: foreign errors stay reachable through it. */
  cause?: unknown;
  /** The RPC that failed, as the contract spells it, for example `RunPodSandbox`. */
  rpc?: string | undefined;
  /** The endpoint that was called, for example `unix:///run/containerd/containerd.sock`. */
  endpoint?: string | undefined;
  /** The CRI reason, where the runtime gave one. */
  reason?: CriReason | undefined;
  /** How many times the RPC was called. */
  tries?: number | undefined;
}

/**
 * The one error class of crikit: switch on `code`, or use `instanceof` with one of the subclasses.
 * `instanceof` holds across two copies of the package (ESM beside CJS, two versions in one tree).
 *
 * @example
 * ```ts
 * try {
 *   await cri.images.pull("registry.example/app:1");
 * } catch (error) {
 *   if (error instanceof CriError && error.code === "registry_unavailable") console.log("try again later");
 *   else throw error;
 * }
 * ```
 */
export class CriError extends Error {
  /** What to switch on. It stays the same from version to version; the message does not. */
  readonly code: CriErrorCode;
  /** The RPC that failed, `RunPodSandbox` for example; undefined where it was none. */
  readonly rpc: string | undefined;
  /** The endpoint that was called, `unix:///run/containerd/containerd.sock` for example. */
  readonly endpoint: string | undefined;
  /** CRI's own word for it, where the runtime gave one. */
  readonly reason: CriReason | undefined;
  /** How many times the RPC was called before this error was thrown; undefined where it is none of an RPC. */
  readonly tries: number | undefined;

  constructor(code: CriErrorCode, message: string, options: CriErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "CriError";
    this.code = code;
    this.rpc = options.rpc;
    this.endpoint = options.endpoint;
    this.reason = options.reason;
    this.tries = options.tries;
  }
}

/**
 * Thrown when a request cannot be right whatever the state of the runtime: `field` names the part of the
 * request, in the contract's spelling (`config.metadata`), where it is known.
 */
export class InvalidArgumentError extends CriError {
  /** The part of the request, `config.metadata` for example; undefined where it is not known. */
  readonly field: string | undefined;

  constructor(message: string, options: CriErrorOptions & { field?: string | undefined } = {}) {
    super("invalid_argument", message, options);
    this.name = "InvalidArgumentError";
    this.field = options.field;
  }
}

/** Thrown when the pod, container or image that a call names does not exist. */
export class NotFoundError extends CriError {
  constructor(message: string, options?: CriErrorOptions) {
    super("not_found", message, options);
    this.name = "NotFoundError";
  }
}

/**
 * Thrown when the runtime holds the name of this metadata for another object. After a create that ran into
 * its deadline the runtime may still be at work on the first try: list before making another attempt.
 */
export class NameReservedError extends CriError {
  constructor(message: string, options?: CriErrorOptions) {
    super("name_reserved", message, options);
    this.name = "NameReservedError";
  }
}

/** Thrown when a call, or a command run by ExecSync, was not done within its time. */
export class DeadlineError extends CriError {
  constructor(message: string, options?: CriErrorOptions) {
    super("deadline_exceeded", message, options);
    this.name = "DeadlineError";
  }
}

/** Thrown when this runtime does not serve the RPC. It will not help to try again on the same connection. */
export class UnsupportedError extends CriError {
  constructor(message: string, options?: CriErrorOptions) {
    super("unsupported", message, options);
    this.name = "UnsupportedError";
  }
}

/**
 * Thrown when an image cannot be had: the registry could not be reached or the signature was refused (see `reason`),
 * or `images.ensure` was not allowed to pull it.
 */
export class ImagePullError extends CriError {
  constructor(
    code: "registry_unavailable" | "signature_validation_failed" | "image_never_pull",
    message: string,
    options?: CriErrorOptions,
  ) {
    super(code, message, options);
    this.name = "ImagePullError";
  }
}

/**
 * Thrown when the connection broke or could not be made. Reads may be tried again; what changes something
 * may or may not have been done. Its subclasses say why a connection could not be made.
 */
export class UnavailableError extends CriError {
  constructor(message: string, options?: CriErrorOptions, code: CriErrorCode = "unavailable") {
    super(code, message, options);
    this.name = "UnavailableError";
  }
}

/** Thrown when there is no socket at the endpoint (ENOENT): start the runtime or mend the path. */
export class NotRunningError extends UnavailableError {
  constructor(message: string, options?: CriErrorOptions) {
    super(message, options, "not_running");
    this.name = "NotRunningError";
  }
}

/** Thrown when the socket exists and nobody listens on it (ECONNREFUSED): the runtime has died. */
export class StaleSocketError extends UnavailableError {
  constructor(message: string, options?: CriErrorOptions) {
    super(message, options, "stale_socket");
    this.name = "StaleSocketError";
  }
}

/** Thrown when the socket may not be opened by this user (EACCES): run as root or join the socket's group. */
export class NoPermissionError extends CriError {
  constructor(message: string, options?: CriErrorOptions) {
    super("no_permission", message, options);
    this.name = "NoPermissionError";
  }
}

/** Why one of the endpoints tried by `connect()` is not the one. */
export interface EndpointAttempt {
  /** The address that was tried, for example `unix:///run/containerd/containerd.sock`. */
  readonly endpoint: string;
  /** Where the address comes from: the runtime known to listen there, a variable, or a file and its key. */
  readonly source: string;
  /** The code of the error it failed with, for example `not_running`. */
  readonly code: CriErrorCode;
  /** What happened, in one sentence. */
  readonly reason: string;
  /** What to do about it, in one sentence. */
  readonly mend: string;
  /** The error itself. */
  readonly error: unknown;
}

/** Thrown when `connect()` was given no endpoint and none that it found answers; `attempts` says why for each. */
export class NoEndpointError extends CriError {
  /** Each endpoint that was tried, in order, with the reason and the mend. */
  readonly attempts: readonly EndpointAttempt[];

  constructor(message: string, options: CriErrorOptions & { attempts: readonly EndpointAttempt[] }) {
    super("no_endpoint", message, options);
    this.name = "NoEndpointError";
    this.attempts = options.attempts;
  }
}

/**
 * Thrown when a command run with `check` ended with a code other than 0. Its output is kept: text, or bytes
 * where bytes were asked for.
 */
export class NonZeroExitError extends CriError {
  /** The code that the command ended with. */
  readonly exitCode: number;
  /** What it said until then. */
  readonly stdout: string | Uint8Array;
  /** What it said on its error output until then. */
  readonly stderr: string | Uint8Array;

  constructor(
    message: string,
    options: CriErrorOptions & {
      exitCode: number;
      stdout: string | Uint8Array;
      stderr: string | Uint8Array;
    },
  ) {
    super("non_zero_exit", message, options);
    this.name = "NonZeroExitError";
    this.exitCode = options.exitCode;
    this.stdout = options.stdout;
    this.stderr = options.stderr;
  }
}

/** One thing that is wrong with a Pod manifest. */
export interface ManifestProblem {
  /** For example `spec.containers[0].ports[1].hostPort`; empty for the manifest itself. */
  readonly path: string;
  /** `unsupported`: the field is not carried out; `invalid`: it cannot be right. */
  readonly kind: "unsupported" | "invalid";
  /** Goes on from the path, for example `is missing`. */
  readonly message: string;
}

/** Thrown when a Pod manifest cannot be carried out as it is: `problems` has all that is to mend, not the first only. */
export class ManifestError extends InvalidArgumentError {
  /** Each thing that is wrong, with the field it is in. */
  readonly problems: readonly ManifestProblem[];

  constructor(problems: readonly ManifestProblem[], options: CriErrorOptions = {}) {
    const lines = problems.map(({ path, message }) => `  ${path || "the manifest"} ${message}`);
    super(`The manifest cannot be played:\n${lines.join("\n")}`, { ...options, field: problems[0]?.path });
    this.name = "ManifestError";
    this.problems = problems;
  }
}

// `instanceof` must hold for errors made by another copy of this module, so each class carries a mark in the
// global symbol registry and looks for that mark instead of its own prototype.
function brand(errorClass: { prototype: object; name: string }, name: string): void {
  const mark = Symbol.for(`crikit.${name}`);
  Object.defineProperty(errorClass.prototype, mark, { value: true });
  Object.defineProperty(errorClass, Symbol.hasInstance, {
    value(this: unknown, candidate: unknown): boolean {
      if (this !== errorClass) return Function.prototype[Symbol.hasInstance].call(this, candidate);
      return typeof candidate === "object" && candidate !== null && mark in candidate;
    },
  });
}

brand(CriError, "CriError");
brand(InvalidArgumentError, "InvalidArgumentError");
brand(ManifestError, "ManifestError");
brand(NotFoundError, "NotFoundError");
brand(NameReservedError, "NameReservedError");
brand(DeadlineError, "DeadlineError");
brand(UnsupportedError, "UnsupportedError");
brand(ImagePullError, "ImagePullError");
brand(UnavailableError, "UnavailableError");
brand(NotRunningError, "NotRunningError");
brand(StaleSocketError, "StaleSocketError");
brand(NoPermissionError, "NoPermissionError");
brand(NoEndpointError, "NoEndpointError");
brand(NonZeroExitError, "NonZeroExitError");
