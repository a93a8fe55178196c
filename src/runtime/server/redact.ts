import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";

import { redacted } from "../scrub.js";

/** A message as plain data for a log, without unset fields and without secrets. */
export function describeMessage(desc: DescMessage, message: Message): Record<string, unknown> {
  const reflected = reflect(desc, message);
  const shown: Record<string, unknown> = {};
  for (const field of reflected.sortedFields) {
    if (reflected.isSet(field)) shown[field.name] = describe(field, fieldOf(field, message));
  }
  return shown;
}

function fieldOf(field: DescField, message: Message): unknown {
  return Object.entries(message).find(([name]) => name === field.localName)?.[1];
}

function describe(field: DescField, value: unknown): unknown {
  if (isSecret(field)) return redacted;
  if (field.parent.name === "KeyValue") return nameOf(String(value));
  if (field.name === "annotations") return hideValues(value as object);
  if (isCommand(field)) return hideArguments(value as string[], field.name === "args");
  const { message: nested } = field;
  if (!nested) return value instanceof Uint8Array ? `${value.length} bytes` : value;
  const one = (item: unknown) => describeMessage(nested, item as Message);
  if (field.fieldKind === "list") return (value as unknown[]).map(one);
  if (field.fieldKind === "message") return one(value);
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, one(item)]));
}

/** What the contract marks, and the values of environments, which it does not. */
function isSecret(field: DescField): boolean {
  if (field.proto.options?.debugRedact) return true;
  return field.parent.name === "KeyValue" && field.name === "value";
}

/** A name that is given with its value, as `NAME=value`, is refused later on. */
function nameOf(key: string): string {
  const [name = "", ...value] = key.split("=");
  return value.length === 0 ? name : `${name}=${redacted}`;
}

/** kubelet puts values of the environment into commands, and people put passwords there. */
function isCommand(field: DescField): boolean {
  return field.fieldKind === "list" && ["command", "args", "cmd"].includes(field.name);
}

/** kubectl keeps whole manifests in an annotation, environment and all. */
function hideValues(map: object): Record<string, string> {
  return Object.fromEntries(Object.keys(map).map((key) => [key, redacted]));
}

/** `args` alone has no program at its head. */
function hideArguments(words: string[], all: boolean): string[] {
  const shown = all ? [] : words.slice(0, 1);
  const hidden = words.length - shown.length;
  return hidden === 0 ? shown : [...shown, `[${hidden} more]`];
}
