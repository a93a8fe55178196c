import type { OutgoingHttpHeaders } from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import { grpcTimeout, hasDeadline } from "./deadline.js";

interface SharedHeaders {
  readonly timeoutMs: number | undefined;
  readonly headers: OutgoingHttpHeaders;
}

/** The latest headers of each RPC: calls of one RPC mostly have the same deadline. */
const shared = new WeakMap<DescMethod, SharedHeaders>();

/**
 * The headers of a call. No `grpc-accept-encoding` means that no compression is taken, and every header less makes a
 * call faster. Calls alike get the same object, which node:http2 only reads. What the caller adds wins
 * over what is here.
 */
export function requestHeaders(
  method: DescMethod,
  timeoutMs: number | undefined,
  metadata: OutgoingHttpHeaders | undefined,
): OutgoingHttpHeaders {
  let latest = shared.get(method);
  if (!latest || latest.timeoutMs !== timeoutMs) {
    latest = { timeoutMs, headers: makeHeaders(method, timeoutMs) };
    shared.set(method, latest);
  }
  return metadata ? { ...latest.headers, ...metadata } : latest.headers;
}

export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function makeHeaders(method: DescMethod, timeoutMs: number | undefined): OutgoingHttpHeaders {
  return {
    ":method": "POST",
    ":scheme": "http",
    ":path": methodPath(method),
    // Servers in Rust and Go refuse the socket's path here, and some anything but a host name.
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
    ...(hasDeadline(timeoutMs) && { "grpc-timeout": grpcTimeout(timeoutMs) }),
  };
}
