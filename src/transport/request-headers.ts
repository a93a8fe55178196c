import type { DescMethod } from "@bufbuild/protobuf";
import { isOfConnection } from "../wire/http2/header-fields.js";
import { encodeHeaders } from "../wire/http2/hpack/header-encoder.js";
import { grpcTimeout, hasDeadline } from "./deadline.js";

interface SharedBlock {
  readonly timeoutMs: number | undefined;
  readonly block: Uint8Array;
}

/** The latest block of each RPC: calls of one RPC mostly have the same deadline. */
const shared = new WeakMap<DescMethod, SharedBlock>();

/** The header block of a call. What the caller adds wins over what is here. */
export function requestHeaders(
  method: DescMethod,
  timeoutMs: number | undefined,
  metadata: ReadonlyMap<string, string> | undefined,
): Uint8Array {
  if (metadata) return encodeHeaders(new Map([...makeHeaders(method, timeoutMs), ...checked(metadata)]));
  let latest = shared.get(method);
  if (!latest || latest.timeoutMs !== timeoutMs) {
    latest = { timeoutMs, block: encodeHeaders(makeHeaders(method, timeoutMs)) };
    shared.set(method, latest);
  }
  return latest.block;
}

export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** No `grpc-accept-encoding` means that no compression is taken, and every header less makes a call faster. */
function makeHeaders(method: DescMethod, timeoutMs: number | undefined): Map<string, string> {
  const headers = new Map([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", methodPath(method)],
    // Servers in Rust and Go refuse the socket's path here, and some anything but a host name.
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ]);
  if (hasDeadline(timeoutMs)) headers.set("grpc-timeout", grpcTimeout(timeoutMs));
  return headers;
}

function checked(metadata: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  for (const name of metadata.keys()) {
    if (isOfConnection(name))
      throw new TypeError(`The header ${name} cannot be sent: HTTP/2 has no such one`);
  }
  return metadata;
}
