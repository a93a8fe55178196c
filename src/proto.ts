/** The only door to the generated code. Users come in by `messages/index.ts`. */
export * from "../gen/runtime/v1/api_pb.js";
