import { CriError } from "../../errors.js";

/** The runtime does not tell of this, though it may of its parts: containerd has no code of its own for that. */
export function isUntold(error: unknown): boolean {
  return error instanceof CriError && (error.code === "unsupported" || error.code === "unknown");
}
