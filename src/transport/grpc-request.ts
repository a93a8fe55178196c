import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { encodeEnvelope } from "../wire/envelope.js";
import type { HeaderFields } from "../wire/http2/header-fields.js";
import { outgoingMetadata } from "./metadata.js";

export type Method<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> =
  | DescMethodUnary<I, O>
  | DescMethodServerStreaming<I, O>;

/** The arguments of a call of connect-es but its method and its message. */
export interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly header?: ConstructorParameters<typeof Headers>[0];
}

/** A request that is ready to be sent. */
export interface GrpcRequest {
  readonly method: Method;
  /** The one message of the request in its envelope. */
  readonly body: Uint8Array;
  /** What the caller adds to the header. */
  readonly metadata: HeaderFields | undefined;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export function encodeRequest<I extends DescMessage, O extends DescMessage>(
  method: Method<I, O>,
  message: MessageInitShape<I>,
  { signal, timeoutMs, header }: CallSettings,
): GrpcRequest {
  const body = encodeEnvelope(toBinary(method.input, create(method.input, message)));
  return { method, body, metadata: header && outgoingMetadata(header), signal, timeoutMs };
}
