import { Code, ConnectError } from "@connectrpc/connect";
import { errorCodes, errorName } from "../wire/http2/protocol.js";

/** The error of a call whose stream the runtime has reset, by the table of gRPC's PROTOCOL-HTTP2.md. */
export function resetError(rstCode: number): ConnectError {
  return new ConnectError(
    `The runtime has reset the call: HTTP/2 code ${errorName(rstCode)}`,
    codeOfReset(rstCode),
  );
}

function codeOfReset(rstCode: number): Code {
  switch (rstCode) {
    case errorCodes.REFUSED_STREAM:
      return Code.Unavailable;
    case errorCodes.CANCEL:
      return Code.Canceled;
    case errorCodes.ENHANCE_YOUR_CALM:
      return Code.ResourceExhausted;
    case errorCodes.INADEQUATE_SECURITY:
      return Code.PermissionDenied;
    default:
      return Code.Internal;
  }
}
