import type { Message } from "@bufbuild/protobuf";

import type { AuthConfig } from "../../proto.js";
import { redacted, scrub } from "../scrub.js";

/** Shorter ones are found in any text; replacing them would tell more than it hides. */
const shortestSecret = 4;

/**
 * Takes the credentials of a request out of a text, in whatever form a registry may send them back to us, and
 * what URLs in it may hold.
 */
export function maskSecrets(text: string, request: Message): string {
  const auth = "auth" in request ? (request.auth as AuthConfig | undefined) : undefined;
  const secrets = auth ? credentials(auth).filter((secret) => secret.length >= shortestSecret) : [];
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, redacted), scrub(text));
}

function credentials({ username, password, auth, identityToken, registryToken }: AuthConfig): string[] {
  const decoded = Buffer.from(auth, "base64").toString();
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  const plain = decoded.slice(decoded.indexOf(":") + 1);
  return [basic, auth, decoded, password, plain, identityToken, registryToken];
}
