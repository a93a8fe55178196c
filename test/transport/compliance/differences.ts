/** What connect-node's transport does otherwise, and why we do not. */
export interface Difference {
  readonly seen: unknown;
  readonly why: string;
}

const cardinality =
  "connect-node follows an older reading; a runtime that breaks the protocol must not pass for one that lacks the RPC";
const reset =
  "connect-node takes the error event of the stream, which comes before its reset code, for internal";
const lost =
  "node:http2 closes the streams of a lost session with CANCEL, which connect-node takes for a reset";

/** By the name of the case. A difference that no longer holds fails the suite. */
export const connectNodeDifferences: Record<string, Difference> = {
  "a good status without a message": { seen: "unimplemented", why: cardinality },
  "a second message": { seen: "unimplemented", why: cardinality },
  "a zero of two digits is OK, as to other clients": {
    seen: "internal",
    why: "connect-node compares the text with 0; gRPC's grammar has one digit or more, which grpc-go reads as a number",
  },
  "a message that is cut off": {
    seen: "invalid_argument",
    why: "connect-node names the fault of the runtime as one of the request",
  },
  "a prefix that is cut off": {
    seen: "invalid_argument",
    why: "connect-node names the fault of the runtime as one of the request",
  },
  "the error of a message above the limit names size, limit and option": {
    seen: ["maxMessageBytes"],
    why: "connect-node's option has another name",
  },
  "the authority is localhost": {
    seen: "localhost:80",
    why: "connect-node has no option for it; we send what k8s.io/cri-client sends",
  },
  "the code of a status that gRPC does not have": {
    seen: "internal",
    why: "the gRPC specification has clients take it for UNKNOWN",
  },
  "grpc-message with malformed sequences stays readable": {
    seen: "URI malformed",
    why: "connect-node throws the error of decodeURIComponent, and the runtime's message is lost",
  },
  "details that cannot be read leave code and message": {
    seen: [15, "premature EOF", []],
    why: "connect-node lets the details win over code and message",
  },
  "the code of HTTP status 503 with a gRPC status": {
    seen: "unavailable",
    why: "the gRPC specification uses the HTTP status only where there is no gRPC status",
  },
  "a deadline passes at the client, which resets the call": {
    seen: ["deadline_exceeded", 2],
    why: "connect-node resets with INTERNAL_ERROR; CANCEL is what gRPC says",
  },
  "a deadline passes in the middle of a stream": {
    seen: ["deadline_exceeded", ["a"], 2],
    why: "connect-node resets with INTERNAL_ERROR; CANCEL is what gRPC says",
  },
  "an abort in the middle of a stream resets it": {
    seen: ["canceled", 3, 8],
    why: "connect-node still gives the messages that came before the abort",
  },
  "an aborted signal makes no request": {
    seen: ["canceled", "canceled", 3],
    why: "connect-node opens the stream and resets it",
  },
  "listeners are taken off the signal": {
    seen: 1,
    why: "connect-node leaves one for each stream",
  },
  "the server resets the call with NGHTTP2_REFUSED_STREAM": { seen: "internal", why: reset },
  "the server resets the call with NGHTTP2_ENHANCE_YOUR_CALM": { seen: "internal", why: reset },
  "the server resets the call with NGHTTP2_INADEQUATE_SECURITY": { seen: "internal", why: reset },
  "GOAWAY ends the calls after its last stream as unavailable": { seen: ["ok", "internal"], why: reset },
  "GOAWAY with an error ends the calls in flight as unavailable, the next one works": {
    seen: ["internal", "ok"],
    why: reset,
  },
  "a peer that speaks HTTP/1": { seen: "internal", why: reset },
  "a runtime that restarts fails the calls in flight as unavailable, the next one works": {
    seen: ["canceled", "canceled", "ok"],
    why: lost,
  },
  "a session that the server half-closes ends its calls as unavailable": { seen: ["canceled", 1], why: lost },
  "a peer that hangs up before it says anything": { seen: "canceled", why: lost },
};
