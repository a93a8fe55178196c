import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../errors.js";
import type { AuthConfigSchema } from "../proto.js";

/** What a registry is shown, in one of these ways. It appears in no message and no log of crikit's. */
export type RegistryCredentials =
  | {
      /** Not empty. */
      readonly username: string;
      /** Or a token in its place, as many registries give. */
      readonly password: string;
    }
  | {
      /** What `docker login` to some registries gives: exchanged for access by the runtime. */
      readonly identityToken: string;
    }
  | {
      /** A bearer token, shown as it is. containerd passes over it, and crikit's own runtime refuses it. */
      readonly registryToken: string;
    }
  | {
      /** `USER:PASSWORD` in base64, as in Docker's configuration. */
      readonly auth: string;
    };

/**
 * The credentials as the contract has them, in the one form of each that all runtimes read.
 *
 * @throws InvalidArgumentError that tells nothing of their contents.
 */
export function toAuthConfig(credentials: RegistryCredentials): MessageInitShape<typeof AuthConfigSchema> {
  const { auth, username, password, identityToken, registryToken } = credentials as Record<string, unknown>;
  if (isText(identityToken)) return { identityToken };
  if (isText(registryToken)) return { registryToken };
  if (isText(username) && typeof password === "string") return { username, password };
  const decoded = isText(auth) ? decodeAuth(auth) : undefined;
  if (decoded) return { ...decoded };
  throw new InvalidArgumentError(
    "auth must have a username and a password, an identityToken, a registryToken, or auth: USER:PASSWORD in base64",
    { field: "auth" },
  );
}

/** Undefined: it is not what it should be. */
export function decodeAuth(auth: string): { username: string; password: string } | undefined {
  const [, username, password] = /^([^:]+):(.*)$/s.exec(Buffer.from(auth, "base64").toString()) ?? [];
  if (username === undefined || password === undefined) return undefined;
  // Docker's own clients have padded the password with zeros.
  return { username, password: password.replace(/\0+$/, "") };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
