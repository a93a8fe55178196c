/** What every call takes. */
export interface CallOptions {
  /**
   * Cancels the call at the runtime. The call throws the signal's own reason, also when the signal is
   * `AbortSignal.timeout()`.
   */
  signal?: AbortSignal | undefined;
  /**
   * The time the call may take, in milliseconds, in place of the RPC's default; 0 for no limit. Past it the
   * call throws a {@link DeadlineError}, and the runtime was told of the limit.
   */
  timeoutMs?: number | undefined;
  /**
   * How often a call that only reads is tried again when the runtime is unavailable, within `timeoutMs` and with
   * growing pauses; 5 unless told, 0 for never. A runtime that restarts is back by then. What changes something is
   * sent once, whatever this says.
   */
  retries?: number | undefined;
  /** Metadata sent with the request. */
  headers?: HeadersInit | undefined;
}

type HeadersInit = NonNullable<RequestInit["headers"]>;
