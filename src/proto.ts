/**
 * The messages, enums and service descriptors of CRI v1 (protobuf package `runtime.v1`), as generated from
 * `proto/runtime/v1/api.proto`. Make a message with `create` from `@bufbuild/protobuf`, or pass a plain object
 * of the same shape wherever crikit takes a message.
 *
 * @module
 */
export * from "../gen/runtime/v1/api_pb.js";
