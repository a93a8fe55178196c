import { BinaryReader, base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HeaderFields } from "../wire/http2/header-fields.js";
import { appendIncoming } from "./metadata.js";

type IncomingDetail = { type: string; value: Uint8Array };

const lastCode: number = Code.Unauthenticated;

/**
 * The error that `grpc-status` in trailers (or in the headers of a response without a body) says, undefined
 * for OK. `metadata` are all header fields that the error is to carry.
 */
export function statusError(fields: HeaderFields, metadata: HeaderFields[]): ConnectError | undefined {
  const status = fields.get("grpc-status") ?? "";
  if (/^0+$/.test(status)) return undefined;
  const message = percentDecode(fields.get("grpc-message") ?? "");
  const error = new ConnectError(...codeAndMessage(status, message));
  error.details = statusDetails(fields.get("grpc-status-details-bin"));
  for (const each of metadata) appendIncoming(error.metadata as Headers, each);
  return error;
}

function codeAndMessage(status: string, message: string): [message: string, code: Code] {
  if (!/^\d+$/.test(status))
    return [`The status ${JSON.stringify(status)} is no number: ${message}`, Code.Internal];
  const code = Number(status);
  // The gRPC specification has clients take a code they do not know for UNKNOWN.
  return code <= lastCode ? [message, code] : [`${message} (status ${code})`, Code.Unknown];
}

/**
 * Undoes the percent-encoding of `grpc-message`. What is no valid sequence stays as it is: a message that was
 * not encoded is better than none. A header field has one character per byte, so that a peer that sends UTF-8 as
 * it is can be read, too.
 */
export function percentDecode(text: string): string {
  if (!/[%\u0080-\u00ff]/.test(text)) return text;
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** The details of the google.rpc.Status in `grpc-status-details-bin`; none when it cannot be read. */
function statusDetails(encoded: string | undefined): IncomingDetail[] {
  if (encoded === undefined) return [];
  try {
    return readFields(base64Decode(encoded), 3).map((any) => ({
      type: new TextDecoder().decode(readFields(any, 1)[0]).replace(/^.*\//, ""),
      value: readFields(any, 2)[0] ?? new Uint8Array(),
    }));
  } catch {
    return [];
  }
}

/** The values of all length-delimited fields with this number. */
function readFields(message: Uint8Array, number: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === number) values.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return values;
}
