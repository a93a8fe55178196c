import { UnavailableError } from "../errors.js";

export function connectionLost(cause?: Error): UnavailableError {
  return new UnavailableError("The streaming connection was lost", { cause });
}
