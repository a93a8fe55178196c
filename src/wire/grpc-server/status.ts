import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";

import { Code, ConnectError } from "@connectrpc/connect";

/** The headers of every answer. */
export const answerHeaders: OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };

/** The trailers of a call that went well. */
export const okTrailers: OutgoingHttpHeaders = { "grpc-status": "0" };

/** The trailers that tell a client of an error. */
export function errorTrailers(error: unknown): OutgoingHttpHeaders {
  const known = error instanceof ConnectError ? error : new ConnectError("internal error", Code.Internal);
  // By way of UTF-8, because half a surrogate pair cannot be encoded.
  const message = Buffer.from(known.rawMessage).toString();
  return { "grpc-status": String(known.code), "grpc-message": encodeURIComponent(message) };
}

/** An answer that is nothing but an error. */
export function refuse(stream: ServerHttp2Stream, error: unknown): void {
  stream.respond({ ...answerHeaders, ...errorTrailers(error) }, { endStream: true });
}
