/**
 * The messages, enums and service descriptors of CRI v1 (protobuf package `runtime.v1`), as generated from
 * `proto/runtime/v1/api.proto`, and what makes JSON of them. Make a message with `create` from
 * `@bufbuild/protobuf`, or pass a plain object of the same shape wherever crikit takes a message.
 *
 * @module
 */
export * from "../proto.js";
export { type JsonObject, type JsonValue, messageToJson } from "./json.js";
export { redact } from "./redact.js";
export { redactInfo } from "./redact-info.js";
