import { Code, ConnectError } from "@connectrpc/connect";
import type { HeaderFields } from "../wire/http2/header-fields.js";
import { appendIncoming } from "./metadata.js";

/**
 * What is wrong with the head of a response, undefined when it is one of gRPC. A response that bears a
 * `grpc-status` is never refused for its HTTP status: the gRPC specification lets the former win.
 */
export function responseError(headers: HeaderFields): ConnectError | undefined {
  const status = headers.get(":status");
  if (status !== "200" && !headers.has("grpc-status")) {
    return refusal(`The answer has HTTP status ${status}`, codeOfHttpStatus(Number(status)), headers);
  }
  const type = headers.get("content-type");
  if (status === "200" && !/^application\/grpc(\+proto)?\s*(;|$)/i.test(type ?? "")) {
    return refusal(`The answer is no gRPC: its content type is ${type ?? "missing"}`, Code.Unknown, headers);
  }
  const encoding = headers.get("grpc-encoding") ?? "identity";
  if (encoding !== "identity") {
    return refusal(`The answer is compressed by ${encoding}, which was not offered`, Code.Internal, headers);
  }
  return undefined;
}

function refusal(message: string, code: Code, headers: HeaderFields): ConnectError {
  return new ConnectError(message, code, appendIncoming(new Headers(), headers));
}

/** The table of gRPC's doc/http-grpc-status-mapping.md. */
function codeOfHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return Code.Internal;
    case 401:
      return Code.Unauthenticated;
    case 403:
      return Code.PermissionDenied;
    case 404:
      return Code.Unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return Code.Unknown;
  }
}
