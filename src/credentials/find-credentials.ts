import { type ImageRef, parseImageRef } from "../image-ref.js";
import { findEntry, parseAuthFile } from "./auth-file.js";
import type { RegistryCredentials } from "./credentials.js";

/**
 * The credentials for an image in the text of an `auth.json` or Docker's `config.json`, for texts that come from
 * elsewhere than a file: a variable, or a Secret of the type `kubernetes.io/dockerconfigjson`. Undefined: it has none
 * for the image. Credential helpers that it names are not asked.
 *
 * @throws CriError with the code `credentials_failed` when the text is no such file. It tells nothing of the contents.
 *
 * @example
 * ```ts
 * const config = process.env.DOCKER_AUTH_CONFIG ?? "{}";
 * await using cri = await connect(undefined, { credentials: (ref) => findCredentials(config, ref) });
 * ```
 */
export function findCredentials(config: string, ref: string | ImageRef): RegistryCredentials | undefined {
  const { repository } = typeof ref === "string" ? parseImageRef(ref) : ref;
  return findEntry(parseAuthFile(config, "The text with credentials"), repository);
}
