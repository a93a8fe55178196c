import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";

const redacted = "[redacted]";

/** A message as plain data for a log, without unset fields and without what the contract calls a secret. */
export function describeMessage(desc: DescMessage, message: Message): Record<string, unknown> {
  const reflected = reflect(desc, message);
  const shown: Record<string, unknown> = {};
  for (const field of reflected.sortedFields) {
    if (reflected.isSet(field)) shown[field.name] = isSecret(field) ? redacted : describe(field, message);
  }
  return shown;
}

function isSecret(field: DescField): boolean {
  return field.proto.options?.debugRedact ?? false;
}

function describe(field: DescField, message: Message): unknown {
  const value: unknown = Object.entries(message).find(([name]) => name === field.localName)?.[1];
  const { message: nested } = field;
  if (!nested) return value instanceof Uint8Array ? `${value.length} bytes` : value;
  const one = (item: unknown) => describeMessage(nested, item as Message);
  if (field.fieldKind === "list") return (value as unknown[]).map(one);
  if (field.fieldKind === "message") return one(value);
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, one(item)]));
}
