import type { HeaderFields } from "../wire/http2/header-fields.js";

/** Adds the fields of an answer to web Headers, the pseudo-header fields left out. */
export function appendIncoming(target: Headers, fields: HeaderFields): Headers {
  for (const [name, value] of fields) if (!name.startsWith(":")) target.append(name, value);
  return target;
}

/** Web Headers, or what they can be made of, as fields to be sent. */
export function outgoingMetadata(headers: ConstructorParameters<typeof Headers>[0]): HeaderFields {
  return new Map(new Headers(headers));
}
