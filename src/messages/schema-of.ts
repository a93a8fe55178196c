import type { DescMessage, Message } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "../errors.js";
import { file_runtime_v1_api } from "../proto.js";

let schemas: ReadonlyMap<string, DescMessage> | undefined;

/** The descriptor of a message of CRI. Not by protobuf-es' registry, whose code would make each client's start longer. */
export function schemaOf(message: Message): DescMessage {
  schemas ??= new Map(file_runtime_v1_api.messages.map((schema) => [schema.typeName, schema]));
  const schema = schemas.get(message.$typeName);
  if (schema) return schema;
  throw new InvalidArgumentError(
    `${message.$typeName ?? "A plain object"} is no message of CRI: make one with create() of @bufbuild/protobuf`,
    { field: "message" },
  );
}
