import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";

type Values = Readonly<Record<string, unknown>>;

/**
 * Whether two messages say the same. Fields that the contract does not know do not count. `equals` of protobuf-es
 * answers the same, and has with it all that JSON and extensions need.
 */
export function isSameMessage(desc: DescMessage, a: Message, b: Message): boolean {
  const [some, others] = [a, b] as unknown as [Values, Values];
  return desc.fields.every((field) => isSameField(field, some[field.localName], others[field.localName]));
}

function isSameField(field: DescField, a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  switch (field.fieldKind) {
    case "list":
      return isSameList(field, a as readonly unknown[], b as readonly unknown[]);
    case "map":
      return isSameMap(field, a as Values, b as Values);
    default:
      return isSameValue(field, a, b);
  }
}

function isSameList(field: DescField, a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => isSameValue(field, item, b[index]));
}

function isSameMap(field: DescField, a: Values, b: Values): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && isSameValue(field, a[name], b[name]));
}

function isSameValue({ message }: DescField, a: unknown, b: unknown): boolean {
  if (message) return isSameMessage(message, a as Message, b as Message);
  return a instanceof Uint8Array ? Buffer.compare(a, b as Uint8Array) === 0 : a === b;
}
