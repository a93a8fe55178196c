import { constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";

/** The HTTP/2 error codes by number, as RFC 9113 lists them. */
const names = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

export function http2CodeName(code: number): string {
  return names[code] ?? `0x${code.toString(16)}`;
}

/** The error of a call whose stream the runtime has reset, by the table of gRPC's PROTOCOL-HTTP2.md. */
export function resetError(rstCode: number): ConnectError {
  return new ConnectError(
    `The runtime has reset the call: HTTP/2 code ${http2CodeName(rstCode)}`,
    codeOfReset(rstCode),
  );
}

function codeOfReset(rstCode: number): Code {
  switch (rstCode) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return Code.Unavailable;
    case constants.NGHTTP2_CANCEL:
      return Code.Canceled;
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return Code.ResourceExhausted;
    case constants.NGHTTP2_INADEQUATE_SECURITY:
      return Code.PermissionDenied;
    default:
      return Code.Internal;
  }
}
