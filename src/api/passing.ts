import { CriError, type CriErrorCode } from "../errors.js";

const passing = new Set<CriErrorCode>(["unavailable", "not_running", "stale_socket", "deadline_exceeded"]);

/** Errors of a runtime that restarts, or is slow: its pods and containers run on, so that it is worth to wait. */
export function isPassing(error: unknown): boolean {
  return error instanceof CriError && passing.has(error.code);
}
