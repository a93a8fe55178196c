import { CriError } from "../../errors.js";

/** kubelet's words for why a container could not be started. */
export type StartFailureReason =
  | "ErrImagePull"
  | "CreateContainerConfigError"
  | "CreateContainerError"
  | "RunContainerError";

/** A container could not be started, and at which step. */
export class StartFailure extends Error {
  readonly reason: StartFailureReason;

  constructor(reason: StartFailureReason, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.reason = reason;
  }

  /** For the caller, who asks which container and why. */
  toError(container: string): CriError {
    const { cause } = this;
    const code = cause instanceof CriError ? cause.code : "unknown";
    return new CriError(code, `Container ${container} could not be started: ${this.message}`, { cause });
  }
}

/** Notes the step on what goes wrong in it. An abort of the signal throws the signal's own reason. */
export async function atStep<T>(
  reason: StartFailureReason,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw new StartFailure(reason, error);
  }
}
