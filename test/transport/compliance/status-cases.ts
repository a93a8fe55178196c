import type { OutgoingHttpHeaders } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { AnySchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { VersionResponseSchema } from "../../../src/proto.js";
import { answer, answerTrailersOnly, envelope } from "../support/raw-server.js";
import { type CaseTools, type ComplianceCase, failure, outcome } from "./case.js";

const version = envelope(VersionResponseSchema, { runtimeName: "test" });

async function failureOfTrailersOnly({ serve, client }: CaseTools, headers: OutgoingHttpHeaders) {
  await serve((stream) => answerTrailersOnly(stream, headers));
  return failure(client().version({}));
}

function status(name: string, headers: OutgoingHttpHeaders, expected: string): ComplianceCase {
  return {
    name: `the code of ${name}`,
    async see({ serve, client }) {
      await serve((stream) => answerTrailersOnly(stream, headers));
      return outcome(client().version({}));
    },
    expected,
  };
}

function message(name: string, encoded: string, expected: string): ComplianceCase {
  return {
    name: `grpc-message ${name}`,
    async see(tools) {
      const error = await failureOfTrailersOnly(tools, { "grpc-status": "5", "grpc-message": encoded });
      return error.rawMessage;
    },
    expected,
  };
}

/** A google.rpc.Status by hand: 1 code, 2 message, 3 details. */
function statusDetails(): string {
  const value = toBinary(StringValueSchema, create(StringValueSchema, { value: "more" }));
  const any = toBinary(
    AnySchema,
    create(AnySchema, { typeUrl: `type.googleapis.com/${StringValueSchema.typeName}`, value }),
  );
  return base64Encode(
    Uint8Array.of(0x08, 5, 0x12, 4, ...Buffer.from("gone"), 0x1a, any.length, ...any),
    "std_raw",
  );
}

const codeNames =
  "canceled unknown invalid_argument deadline_exceeded not_found already_exists permission_denied resource_exhausted failed_precondition aborted out_of_range unimplemented internal unavailable data_loss unauthenticated";

/** How errors of the runtime are told. */
export const statusCases: ComplianceCase[] = [
  ...codeNames
    .split(" ")
    .map((name, index) =>
      status(`an answer of trailers only with status ${index + 1}`, { "grpc-status": `${index + 1}` }, name),
    ),
  status("a status that gRPC does not have", { "grpc-status": "99" }, "unknown"),
  status("an error's status with a zero before it", { "grpc-status": "05" }, "not_found"),
  {
    name: "a zero of two digits is OK, as to other clients",
    async see({ serve, client }) {
      await serve((stream) => answer(stream, { body: [version], trailers: { "grpc-status": "00" } }));
      return outcome(client().version({}));
    },
    expected: "ok",
  },
  status("a status that is no number", { "grpc-status": "five" }, "internal"),
  status("headers that end the answer without a status", {}, "internal"),
  {
    name: "an error in the trailers after a message",
    async see({ serve, client }) {
      await serve((stream) => answer(stream, { body: [version], trailers: { "grpc-status": "5" } }));
      return outcome(client().version({}));
    },
    expected: "not_found",
  },
  {
    name: "trailers without a status",
    async see({ serve, client }) {
      await serve((stream) => answer(stream, { body: [version], trailers: { "x-other": "1" } }));
      return outcome(client().version({}));
    },
    expected: "internal",
  },
  {
    name: "an answer that ends without trailers",
    async see({ serve, client }) {
      await serve((stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.end(version);
      });
      return outcome(client().version({}));
    },
    expected: "internal",
  },
  message("is percent-decoded as UTF-8", "caf%C3%A9 100%25", "café 100%"),
  message("with malformed sequences stays readable", "100% sure, %zz %C3", "100% sure, %zz \ufffd"),
  message("of plain text", "no such pod", "no such pod"),
  {
    name: "the details of a status",
    async see(tools) {
      const error = await failureOfTrailersOnly(tools, {
        "grpc-status": "5",
        "grpc-message": "gone",
        "grpc-status-details-bin": statusDetails(),
      });
      return [error.rawMessage, error.findDetails(StringValueSchema).map((detail) => detail.value)];
    },
    expected: ["gone", ["more"]],
  },
  {
    name: "details that cannot be read leave code and message",
    async see(tools) {
      const error = await failureOfTrailersOnly(tools, {
        "grpc-status": "5",
        "grpc-message": "gone",
        "grpc-status-details-bin": base64Encode(Uint8Array.of(0xff, 0xff), "std_raw"),
      });
      return [error.code, error.rawMessage, error.details];
    },
    expected: [5, "gone", []],
  },
  {
    name: "an error carries headers and trailers",
    async see({ serve, client }) {
      await serve((stream) =>
        answer(stream, { headers: { "x-head": "1" }, trailers: { "grpc-status": "5", "x-trail": "2" } }),
      );
      const { metadata } = await failure(client().version({}));
      return [metadata.get("x-head"), metadata.get("x-trail")];
    },
    expected: ["1", "2"],
  },
  ...Object.entries({
    400: "internal",
    401: "unauthenticated",
    403: "permission_denied",
    404: "unimplemented",
    429: "unavailable",
    500: "unknown",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
  }).map(([code, expected]) =>
    status(`HTTP status ${code}`, { ":status": Number(code), "content-type": "text/html" }, expected),
  ),
  status("HTTP status 503 with a gRPC status", { ":status": 503, "grpc-status": "5" }, "not_found"),
  status("another content type", { "content-type": "text/html" }, "unknown"),
];
