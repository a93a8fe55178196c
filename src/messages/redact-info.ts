import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { hideArguments, hideValue, mapValues } from "./hide.js";
import { redacted, scrub } from "./scrub.js";

/** Values under such keys go as a whole: credentials of registries are objects. */
const secretKey =
  /pass(word|wd|phrase)?$|secret|token|^auths?$|credential|(private|api|access)[-_]?key|^headers$|cookie/i;

/** Only the names in it are shown. */
const environment = /^envs?$|^environment$/i;

/** kubectl keeps whole manifests in an annotation. */
const annotations = /^annotations$/i;

const command = /^(cmd|command|entrypoint|args|arguments)$/i;

/**
 * Verbose information (`info` of a status) for a log. CRI leaves its form to the runtime; mostly it is JSON, and holds
 * all that is in a container's environment or, in containerd's, the credentials of registries. JSON comes back parsed, as it is in
 * a handle's `info` already, secrets taken out by the names of their keys; other text as it is but for what URLs in it hold.
 *
 * @example
 * ```ts
 * const { raw } = await web.status({ verbose: true });
 * console.log(JSON.stringify(redactInfo(raw.info)));
 * ```
 */
export function redactInfo(info: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(info).map(([key, told]) => {
      if (secretKey.test(key)) return [key, redacted];
      return [key, typeof told === "string" ? redactText(told) : redactValue(told as JsonValue)];
    }),
  );
}

function redactText(text: string): JsonValue {
  try {
    return redactValue(JSON.parse(text));
  } catch {
    return scrub(text);
  }
}

function redactValue(value: JsonValue): JsonValue {
  if (typeof value === "string") return scrub(value);
  if (Array.isArray(value)) return value.map(redactValue);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactEntry(key, item)]));
}

function redactEntry(key: string, value: JsonValue): JsonValue {
  if (isEmpty(value)) return value;
  if (secretKey.test(key)) return redacted;
  if (environment.test(key)) return redactEnvironment(value);
  if (annotations.test(key) && isObject(value)) return mapValues(value, () => redacted);
  if (command.test(key)) return Array.isArray(value) ? hideArguments(value, /^arg/i.test(key)) : redacted;
  return redactValue(value);
}

/** A list of `NAME=value` or of objects with key (or name) and value, or an object of names. */
function redactEnvironment(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redactVariable);
  return isObject(value) ? mapValues(value, () => redacted) : redacted;
}

function redactVariable(variable: JsonValue): JsonValue {
  if (typeof variable === "string") return hideValue(variable);
  if (!isObject(variable)) return redacted;
  return Object.fromEntries(
    Object.entries(variable).map(([key, item]) => [key, /^(key|name)$/i.test(key) ? item : redacted]),
  );
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Nothing can be in it, and it is good to know that there is none. */
function isEmpty(value: JsonValue): boolean {
  return value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}
