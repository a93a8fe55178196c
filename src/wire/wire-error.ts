import { CriError } from "../errors.js";

/** Thrown when the other side breaks the protocol, or a limit that keeps memory bounded. */
export class WireError extends CriError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("internal", message, options);
    this.name = "WireError";
  }
}
