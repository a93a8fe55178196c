import type { Entries } from "./plan.js";
import type { ReadConfigMap, ReadSecret } from "./schema/config-objects.js";

/** The texts and bytes that the object holds. Text goes before bytes of the same key. */
export function entriesOf(object: ReadConfigMap | ReadSecret): Entries {
  const { texts, bytes } =
    object.kind === "Secret"
      ? { texts: object.stringData, bytes: object.data }
      : { texts: object.data, bytes: object.binaryData };
  const encoded = Object.entries(texts).map(([key, text]) => [key, new TextEncoder().encode(text)] as const);
  return new Map([...Object.entries(bytes), ...encoded]);
}
