import { createRegistry, type DescMessage, type Message, type Registry } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../errors.js";
import { file_runtime_v1_api } from "../proto.js";

let registry: Registry | undefined;

/** The descriptor of a message of CRI. */
export function schemaOf(message: Message): DescMessage {
  registry ??= createRegistry(file_runtime_v1_api);
  const schema = registry.getMessage(message.$typeName);
  if (schema) return schema;
  throw new InvalidArgumentError(
    `${message.$typeName ?? "A plain object"} is no message of CRI: make one with create() of @bufbuild/protobuf`,
    { field: "message" },
  );
}
