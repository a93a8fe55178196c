import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

import { CriError } from "../errors.js";

export interface StreamingUrlOptions {
  /** Hosts beside this machine that a session may be opened at. None unless given. */
  allowedHosts?: readonly string[] | undefined;
}

/**
 * The address of a session, as the runtime gave it. A server that listens on all addresses often names none of
 * them: then it is this machine. Throws when the URL leads to another machine that is not allowed: a session
 * carries what people type, so it must not be drawn away.
 */
export function resolveStreamingUrl(text: string, { allowedHosts = [] }: StreamingUrlOptions = {}): URL {
  const url = parse(text);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (host === "0.0.0.0") url.hostname = "127.0.0.1";
  else if (host === "::") url.hostname = "[::1]";
  else if (!isLocal(host) && !allowedHosts.includes(host)) {
    throw new CriError(
      "permission_denied",
      `The runtime's streaming URL leads to ${host}, which is not this machine: name it in streaming.allowedHosts if that is meant`,
    );
  }
  return url;
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return url;
  // The token in it must not be told.
  throw new CriError(
    "internal",
    "The runtime gave a streaming URL that is not an absolute http or https URL",
  );
}

function isLocal(host: string): boolean {
  if (host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))) return true;
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.some(({ address }) => address === host);
}
