import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";

import type { ReadGrpc } from "../manifest/schema/probe.js";
import { type ActionOptions, type ActionTarget, addressOf, failed, unreachable } from "./actions.js";

const servings = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const prefixBytes = 5;
/** The answer is one small number. */
const maxAnswerBytes = 4096;

interface Answer {
  /** The fields that tell how the call went: those at the end, or the only ones. */
  readonly fields: IncomingHttpHeaders;
  readonly message: Buffer;
}

/** Asks gRPC's health service at the pod's address, as kubelet does: in plain HTTP/2. */
export async function grpcAction(
  target: ActionTarget,
  { port, service }: ReadGrpc,
  { signal, timeoutMs }: ActionOptions,
): Promise<void> {
  const address = addressOf(target, port, undefined);
  const authority = address.host.includes(":") ? `[${address.host}]:${port}` : `${address.host}:${port}`;
  const { fields, message } = await ask(authority, service, { signal, timeoutMs }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw unreachable(authority, cause, timeoutMs);
  });
  const status = fields["grpc-status"];
  if (status === undefined)
    throw failed(`${authority} answered with no gRPC status, so it is no gRPC server`);
  if (Number(status) !== 0) {
    throw failed(`${authority} answered with gRPC status ${status}: ${fields["grpc-message"] ?? ""}`);
  }
  const serving = servingOf(message);
  if (serving !== 1) throw failed(`${authority} says that it is ${servings[serving] ?? serving}`);
}

async function ask(
  authority: string,
  service: string,
  { signal, timeoutMs }: ActionOptions,
): Promise<Answer> {
  // Few pods are probed so, and the module is big.
  const { connect } = await import("node:http2");
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  limit.throwIfAborted();
  const session = connect(`http://${authority}`);
  const onAbort = () => session.destroy(limit.reason);
  limit.addEventListener("abort", onAbort, { once: true });
  try {
    return await exchange(session, service);
  } finally {
    limit.removeEventListener("abort", onAbort);
    session.destroy();
  }
}

function exchange(session: ClientHttp2Session, service: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let fields: IncomingHttpHeaders = {};
    let message = Buffer.alloc(0);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "crikit-probe",
    });
    stream
      .on("response", (head) => {
        fields = head;
      })
      .on("trailers", (trailers) => {
        fields = trailers;
      })
      .on("data", (chunk: Buffer) => {
        if (message.length < maxAnswerBytes) message = Buffer.concat([message, chunk]);
      })
      .on("error", reject)
      .on("close", () => resolve({ fields, message }))
      .end(request(service));
  });
}

/** A HealthCheckRequest in gRPC's envelope. */
function request(service: string): Buffer {
  const writer = new BinaryWriter();
  if (service !== "") writer.tag(1, 2).string(service);
  const message = writer.finish();
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The status of a HealthCheckResponse; 0, for unknown, where there is none. */
function servingOf(answer: Buffer): number {
  const reader = new BinaryReader(answer.subarray(prefixBytes));
  let serving = 0;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === 0) serving = reader.int32();
    else reader.skip(wireType, field);
  }
  return serving;
}
