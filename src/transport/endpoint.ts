import { isAbsolute, normalize } from "node:path";
import { InvalidArgumentError } from "../errors.js";

/** The address of a runtime. */
export interface Endpoint {
  /** As a URL, for example `unix:///run/containerd/containerd.sock`. */
  readonly address: string;
  /** The path of the socket, for example `/run/containerd/containerd.sock`. */
  readonly path: string;
}

/** What fits in `sun_path` of a Linux socket address, its closing zero taken off. */
const maxPathBytes = 107;

/**
 * Reads `unix:///run/x.sock`, `unix:/run/x.sock` or the bare path `/run/x.sock`.
 *
 * @throws InvalidArgumentError for anything else. CRI runtimes serve CRI on a unix socket only: what they
 * listen to on TCP is another service.
 */
export function parseEndpoint(text: string): Endpoint {
  const path = socketPath(text);
  if (!isAbsolute(path)) {
    const mend = `write the path in full, as in unix:///${path.replace(/^[./]+/, "") || "run/crikit/crikit.sock"}`;
    throw invalid(`Endpoint ${JSON.stringify(text)} has no absolute path: ${mend}`);
  }
  if (path.includes("\0")) throw invalid("Endpoint has a zero byte in its path");
  const length = Buffer.byteLength(path);
  if (length > maxPathBytes) {
    throw invalid(
      `Endpoint ${path} has ${length} bytes, a unix socket takes ${maxPathBytes}: use a shorter path or a symbolic link to it`,
    );
  }
  const normal = normalize(path);
  return { address: `unix://${normal}`, path: normal };
}

function socketPath(text: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return text;
  if (scheme.toLowerCase() === "unix") return rest.replace(/^\/\//, "");
  throw invalid(
    `Endpoint ${JSON.stringify(text)} is not a unix socket: CRI is served on one only, written unix:///run/NAME.sock`,
  );
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { field: "endpoint" });
}
