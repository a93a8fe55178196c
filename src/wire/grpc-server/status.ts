import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";

import { Code, ConnectError } from "@connectrpc/connect";

/** The headers of every answer. */
export const answerHeaders: OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };

/** The trailers of a call that went well. */
export const okTrailers: OutgoingHttpHeaders = { "grpc-status": "0" };

/** So long is what a client gets of a message, encoded: node:http2 ends the connection over a header of 64 KiB. */
const maxMessageBytes = 32 * 1024;

/** The trailers that tell a client of an error. */
export function errorTrailers(error: unknown): OutgoingHttpHeaders {
  const known = error instanceof ConnectError ? error : new ConnectError("internal error", Code.Internal);
  return { "grpc-status": String(known.code), "grpc-message": encodeMessage(known.rawMessage) };
}

function encodeMessage(text: string): string {
  // By way of UTF-8, because half a surrogate pair cannot be encoded.
  const encoded = encodeURIComponent(Buffer.from(text).toString());
  if (encoded.length <= maxMessageBytes) return encoded;
  // No character becomes longer than nine.
  return encodeMessage(`${text.slice(0, Math.floor(maxMessageBytes / 9) - 1)}\u2026`);
}

/** An answer that is nothing but an error. */
export function refuse(stream: ServerHttp2Stream, error: unknown): void {
  stream.respond({ ...answerHeaders, ...errorTrailers(error) }, { endStream: true });
}
