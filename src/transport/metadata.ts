import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";

/** Adds header fields of node:http2 to web Headers, the pseudo-header fields left out. */
export function appendIncoming(target: Headers, fields: IncomingHttpHeaders): Headers {
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith(":") || value === undefined) continue;
    if (Array.isArray(value)) for (const each of value) target.append(name, each);
    else target.append(name, value);
  }
  return target;
}

/** Web Headers, or what they can be made of, as header fields of node:http2. */
export function outgoingMetadata(headers: ConstructorParameters<typeof Headers>[0]): OutgoingHttpHeaders {
  return Object.fromEntries(new Headers(headers));
}
