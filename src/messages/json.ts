import { type JsonObject, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { schemaOf } from "./schema-of.js";

export type { JsonObject, JsonValue };

/**
 * A message of CRI as protobuf has it in JSON, whole: 64-bit numbers as text, bytes as base64, enums by name, fields
 * in camelCase, unset ones left out. `JSON.stringify` of a message itself throws, because it knows no `bigint`. For a
 * log take {@link redact}, which leaves out secrets.
 *
 * @throws InvalidArgumentError for what is no message of CRI.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 *
 * const { raw } = await web.status();
 * await writeFile("status.json", JSON.stringify(messageToJson(raw)));
 * ```
 */
export function messageToJson(message: Message): JsonObject {
  return toJson(schemaOf(message), message) as JsonObject;
}

/** What values with a `raw` message, or a `bigint`, become in JSON. */
const withJson = Object.create(Object.prototype, {
  toJSON: {
    value(this: object): Record<string, unknown> {
      return jsonOf(this);
    },
  },
});

/**
 * The value, so made that `JSON.stringify` takes it: without its `raw` message, and 64-bit numbers as text, as protobuf
 * has them. On a prototype, because a property for each of ten thousand values would take longer than their decoding.
 */
export function jsonSafe<T extends object>(value: T): T {
  return Object.setPrototypeOf(value, withJson);
}

/** The same of an object whose class has a `toJSON` of its own. */
export function jsonOf(value: object): Record<string, unknown> {
  const shown = Object.entries(value).filter(([name]) => name !== "raw");
  return Object.fromEntries(shown.map(([name, value]) => [name, jsonValue(value)]));
}

function jsonValue(value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
