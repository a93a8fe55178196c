/** The longest time a Node timer can wait; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** The value of the `grpc-timeout` header: at most eight digits and a unit, rounded up. */
export function grpcTimeout(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs));
  if (ms < 1e8) return `${ms}m`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 1e8) return `${seconds}S`;
  return `${Math.min(Math.ceil(seconds / 3600), 99_999_999)}H`;
}

/** As connect-es reads it: no limit when absent, zero or less. */
export function hasDeadline(timeoutMs: number | undefined): timeoutMs is number {
  return timeoutMs !== undefined && timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY;
}

export function startDeadline(timeoutMs: number, onExpired: () => void): NodeJS.Timeout {
  return setTimeout(onExpired, Math.min(timeoutMs, maxTimerMs));
}
