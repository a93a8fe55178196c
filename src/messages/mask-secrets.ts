import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isDebugRedacted } from "../descriptors/field.js";
import { redacted, scrub } from "./scrub.js";

/** Shorter ones are found in any text; replacing them would tell more than it hides. */
const shortestSecret = 4;

/** Takes secrets, and what URLs hold of them, out of a text. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, redacted), scrub(text));
}

/** What the contract marks as secret in a request, in each form in which a registry may send it back to us. */
export function secretsIn(desc: DescMessage, request: Message): string[] {
  if (!canHoldSecrets(desc)) return [];
  const secrets = [...secretsOf(reflect(desc, request))].filter((secret) => secret.length >= shortestSecret);
  // One may be in another.
  return secrets.sort((a, b) => b.length - a.length);
}

const known = new WeakMap<DescMessage, boolean>();

function canHoldSecrets(desc: DescMessage): boolean {
  let can = known.get(desc);
  if (can === undefined) {
    // A message that holds itself holds no more secrets by that.
    known.set(desc, false);
    can = desc.fields.some(
      (field) => isDebugRedacted(field) || (field.message && canHoldSecrets(field.message)),
    );
    known.set(desc, can);
  }
  return can;
}

function* secretsOf(message: ReflectMessage): Generator<string> {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (isDebugRedacted(field)) yield* formsOf(String(message.get(field)), usernameIn(message));
    else for (const nested of messagesIn(message, field)) yield* secretsOf(nested);
  }
}

function messagesIn(message: ReflectMessage, field: DescField): Iterable<ReflectMessage> {
  if (!field.message) return [];
  const value = message.get(field);
  if (field.fieldKind === "message") return [value as ReflectMessage];
  return (field.fieldKind === "map" ? (value as ReflectMap).values() : value) as Iterable<ReflectMessage>;
}

function formsOf(secret: string, username: string): string[] {
  const basic = Buffer.from(`${username}:${secret}`).toString("base64");
  const decoded = Buffer.from(secret, "base64").toString();
  return [basic, secret, decoded, decoded.slice(decoded.indexOf(":") + 1)];
}

/** Registries are told both in one text. */
function usernameIn(message: ReflectMessage): string {
  const field = message.fields.find(({ name }) => name === "username");
  return field ? String(message.get(field)) : "";
}
