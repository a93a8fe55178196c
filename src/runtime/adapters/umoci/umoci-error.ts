import { CriError } from "../../../errors.js";
import type { CommandError } from "../run-command.js";

/** What umoci's last words mean: it ends with 1 whatever happened. */
export function unpackError(error: CommandError, digest: string): CriError {
  const reason =
    error.stderr
      .trimEnd()
      .split("\n")
      .at(-1)
      ?.replace(/^\s*\u2a2f\s*/, "") || error.message;
  const message = `Layer ${digest} could not be unpacked: ${reason}`;
  if (/no space left on device|disk quota exceeded/i.test(reason)) {
    return new CriError("resource_exhausted", message, { cause: error });
  }
  if (
    /digest mismatch|diffid mismatch|size mismatch|invalid tar header|unexpected EOF|gzip|flate|corrupt/i.test(
      reason,
    )
  ) {
    return new CriError("data_loss", message, { cause: error });
  }
  return new CriError("internal", message, { cause: error });
}
