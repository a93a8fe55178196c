import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isDebugRedacted } from "../descriptors/field.js";
import { hideArguments, hideValue, mapValues } from "./hide.js";
import { redactInfo } from "./redact-info.js";
import { schemaOf } from "./schema-of.js";
import { redacted, scrub } from "./scrub.js";

/**
 * A message of CRI for a log: its JSON without what the contract marks as secret, and without what it does not mark and
 * people put secrets in: values of environments and annotations, arguments of commands, tokens in streaming URLs,
 * verbose information. Bytes are counted, not shown.
 *
 * @throws InvalidArgumentError for what is no message of CRI.
 *
 * @example
 * ```ts
 * import { create } from "@bufbuild/protobuf";
 *
 * const request = create(PullImageRequestSchema, { image: { image: "app:1" }, auth: { password: "p4ss" } });
 * console.log(JSON.stringify(redact(request)));
 * // {"image":{"image":"app:1"},"auth":{"password":"[redacted]"}}
 * ```
 */
export function redact(message: Message): JsonObject {
  return redactAs(schemaOf(message), message);
}

/** The same with the message's descriptor at hand. */
export function redactAs(desc: DescMessage, message: Message): JsonObject {
  return redactReflected(reflect(desc, message));
}

function redactReflected(message: ReflectMessage): JsonObject {
  const shown: JsonObject = {};
  for (const field of message.sortedFields) {
    if (message.isSet(field)) shown[field.jsonName] = redactField(field, message);
  }
  return shown;
}

function redactField(field: DescField, message: ReflectMessage): JsonValue {
  if (isSecret(field)) return redacted;
  switch (field.fieldKind) {
    case "message":
      return redactReflected(message.get(field));
    case "list": {
      const items = [...message.get(field)].map((item) => redactItem(field, item));
      return isCommand(field) ? hideArguments(items, field.name === "args") : items;
    }
    case "map":
      return redactMap(field, message);
    default:
      // A name that is given with its value is refused later on.
      return field.parent.name === "KeyValue"
        ? hideValue(String(message.get(field)))
        : redactItem(field, message.get(field));
  }
}

function redactMap(field: DescField & { fieldKind: "map" }, message: ReflectMessage): JsonObject {
  const entries = Object.fromEntries([...message.get(field)].map(([key, value]) => [String(key), value]));
  // kubectl keeps whole manifests in an annotation, environment and all.
  if (field.name === "annotations") return mapValues(entries, () => redacted);
  if (field.name === "info") return redactInfo(mapValues(entries, String));
  return mapValues(entries, (value) => redactItem(field, value));
}

/** One value, or one item of a list or a map. */
function redactItem(field: DescField, value: unknown): JsonValue {
  if (field.message) return redactReflected(value as ReflectMessage);
  if (field.enum) return field.enum.value[value as number]?.name ?? (value as number);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "bigint") return value.toString();
  return typeof value === "string" ? scrub(value) : (value as JsonValue);
}

/** What the contract marks, and what it does not: values of environments, and tokens of sessions. */
function isSecret(field: DescField): boolean {
  if (isDebugRedacted(field)) return true;
  return (field.parent.name === "KeyValue" && field.name === "value") || isStreamingUrl(field);
}

/** Who has the URL that Exec, Attach and PortForward answer has the session. */
function isStreamingUrl(field: DescField): boolean {
  return field.name === "url" && field.scalar === ScalarType.STRING;
}

function isCommand(field: DescField): boolean {
  return ["command", "args", "cmd"].includes(field.name);
}
