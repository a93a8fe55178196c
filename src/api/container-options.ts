import type { CallOptions } from "../services/call-options.js";

/** Options of calls that can tell more than usual. */
export interface StatusOptions extends CallOptions {
  /** Ask for `info` as well. */
  verbose?: boolean | undefined;
}

/** How long a container may take to end. */
export interface StopOptions extends CallOptions {
  /**
   * How long the container may take to end after its stop signal before it is killed, in milliseconds,
   * rounded up to whole seconds; 10 s unless told. 0 kills at once.
   */
  gracePeriodMs?: number | undefined;
}
