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
