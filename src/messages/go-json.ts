import type { DescField, DescMessage, JsonObject, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/**
 * A message as Go's encoding/json writes it, which is the form of messages in the verbose information of containerd:
 * fields by their names in the contract, enums and 64-bit numbers as numbers. Unset fields are left out.
 */
export function goJson<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): JsonObject {
  return objectOf(reflect(schema, message));
}

function objectOf(message: ReflectMessage): JsonObject {
  const set = message.fields.filter((field) => message.isSet(field));
  return Object.fromEntries(set.map((field) => [field.name, fieldValue(message, field)]));
}

function fieldValue(message: ReflectMessage, field: DescField): JsonValue {
  switch (field.fieldKind) {
    case "list":
      return Array.from(message.get(field), single);
    case "map":
      return Object.fromEntries(Array.from(message.get(field), ([key, value]) => [key, single(value)]));
    default:
      return single(message.get(field));
  }
}

function single(value: unknown): JsonValue {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "object") return objectOf(value as ReflectMessage);
  return value as JsonValue;
}
