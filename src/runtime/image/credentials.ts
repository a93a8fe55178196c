import { InvalidArgumentError } from "../../errors.js";
import type { AuthConfig } from "../../proto.js";
import type { Credentials } from "../adapters/skopeo/skopeo.js";

const dockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/**
 * What a request offers to a registry; undefined when nothing, or when it is meant for another registry. The
 * order is containerd's: user and password, identity token, the two in base64.
 */
export function readCredentials(auth: AuthConfig | undefined, domain: string): Credentials | undefined {
  if (!auth || !isMeantFor(auth.serverAddress, domain)) return undefined;
  const { username, password, identityToken } = auth;
  if (username) return { domain, username, password };
  if (identityToken) return { domain, identityToken };
  if (auth.auth) return { domain, ...decode(auth.auth) };
  if (auth.registryToken) {
    throw new InvalidArgumentError(
      "auth.registry_token is not served: give auth.identity_token, or auth.username and auth.password",
      { field: "auth.registry_token" },
    );
  }
  return undefined;
}

/** The address is a host, or a URL as Docker's configuration has it: https://index.docker.io/v1/. */
function isMeantFor(serverAddress: string, domain: string): boolean {
  if (serverAddress === "") return true;
  const host = serverAddress.replace(/^[a-z]+:\/\//, "").replace(/\/.*$/, "");
  return host === domain || (dockerHub.includes(host) && dockerHub.includes(domain));
}

function decode(auth: string): { username: string; password: string } {
  const decoded = Buffer.from(auth, "base64").toString();
  const colon = decoded.indexOf(":");
  if (colon < 0) {
    throw new InvalidArgumentError("auth.auth is not the base64 form of USER:PASSWORD", {
      field: "auth.auth",
    });
  }
  // Docker's own clients pad the password with zeros.
  const password = decoded.slice(colon + 1).replace(/\0+$/, "");
  return { username: decoded.slice(0, colon), password };
}
