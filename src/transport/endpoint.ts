import { posix } from "node:path";
import { InvalidArgumentError } from "../errors.js";

/** The address of a runtime. */
export interface Endpoint {
  /** As a URL, for example `unix:///run/containerd/containerd.sock`. */
  readonly address: string;
  /**
   * The path of the socket, for example `/run/containerd/containerd.sock`; of a named pipe as Windows writes it,
   * `\\.\pipe\containerd-containerd`.
   */
  readonly path: string;
}

/** What fits in `sun_path` of a Linux socket address, its closing zero taken off. */
const maxPathBytes = 107;

/**
 * Reads `unix:///run/x.sock`, `unix:/run/x.sock` or the bare path `/run/x.sock`; on Windows, whose runtimes serve
 * named pipes, `npipe:////./pipe/x` or the bare `\\.\pipe\x`.
 *
 * @throws InvalidArgumentError for anything else. CRI runtimes serve CRI on a unix socket or a named pipe only: what
 * they listen to on TCP is another service.
 *
 * @example
 * ```ts
 * parseEndpoint("/run/crio/crio.sock").address; // "unix:///run/crio/crio.sock"
 * ```
 */
export function parseEndpoint(text: string): Endpoint {
  return parseEndpointOn(process.platform, text);
}

/** `parseEndpoint`, as it reads on another system. */
export function parseEndpointOn(platform: NodeJS.Platform, text: string): Endpoint {
  if (text.includes("\0")) throw invalid("Endpoint has a zero byte in its path");
  return platform === "win32" ? namedPipe(text) : unixSocket(text);
}

/** Whether the path is that of a named pipe: looking at one would open it. */
export function isNamedPipe(path: string): boolean {
  return path.startsWith("\\\\");
}

function unixSocket(text: string): Endpoint {
  const path = unixPath(text);
  if (!posix.isAbsolute(path)) {
    const mend = `write the path in full, as in unix:///${path.replace(/^[./]+/, "") || "run/crikit/crikit.sock"}`;
    throw invalid(`Endpoint ${JSON.stringify(text)} has no absolute path: ${mend}`);
  }
  const length = Buffer.byteLength(path);
  if (length > maxPathBytes) {
    throw invalid(
      `Endpoint ${path} has ${length} bytes, a unix socket takes ${maxPathBytes}: use a shorter path or a symbolic link to it`,
    );
  }
  const normal = posix.normalize(path);
  return { address: `unix://${normal}`, path: normal };
}

function unixPath(text: string): string {
  if (pipeName(text) !== undefined) {
    throw invalid(`Endpoint ${text} is a named pipe of Windows: on this system write unix:///run/NAME.sock`);
  }
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return text;
  if (scheme.toLowerCase() === "unix") return rest.replace(/^\/\//, "");
  throw invalid(
    `Endpoint ${JSON.stringify(text)} is not a unix socket: CRI is served on one only, written unix:///run/NAME.sock`,
  );
}

function namedPipe(text: string): Endpoint {
  const name = pipeName(text);
  if (name === undefined) {
    throw invalid(
      `Endpoint ${JSON.stringify(text)} is not a named pipe of this machine: on Windows CRI is served on one only, written npipe:////./pipe/NAME`,
    );
  }
  return { address: `npipe:////./pipe/${name.replaceAll("\\", "/")}`, path: `\\\\.\\pipe\\${name}` };
}

/** Undefined: not written as a named pipe. Go's clients take two slashes before the dot as well as four. */
function pipeName(text: string): string | undefined {
  const backslashed = text.replaceAll("/", "\\");
  return /^(?:npipe:(?:\\\\){0,2}|\\\\)\.\\pipe\\(.+)$/is.exec(backslashed)?.[1];
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { field: "endpoint" });
}
