import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import fc from "fast-check";

/** Any message of the kind; most fields of it are not set. */
export function anyMessage(desc: DescMessage): fc.Arbitrary<Message> {
  return anyFields(desc).map((fields) => create(desc, fields));
}

function anyFields(desc: DescMessage): fc.Arbitrary<Record<string, unknown>> {
  const fields = desc.fields.map((field) => [field.localName, anyField(field)]);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

function anyField(field: DescField): fc.Arbitrary<unknown> {
  if (field.fieldKind === "map") return fc.dictionary(anyKey, anyString, { maxKeys: 4 });
  return field.fieldKind === "list" ? fc.array(anyValue(field), { maxLength: 4 }) : anyValue(field);
}

const anyString = fc.oneof(
  fc.string({ unit: "grapheme-ascii", maxLength: 80 }),
  fc.string({ unit: "grapheme", maxLength: 10 }),
  fc.constantFrom("", "\ufffd", "\ufeffbom", "é", "x".repeat(5000)),
);

const anyKey = fc.oneof(
  anyString,
  fc.constantFrom("__proto__", "constructor", "1", "app", "io.kubernetes.pod.name"),
);

function anyValue(field: DescField): fc.Arbitrary<unknown> {
  if (field.message) return anyFields(field.message);
  if (field.enum)
    return fc.oneof(fc.constantFrom(...field.enum.values.map(({ number }) => number)), anyInt32);
  switch (field.scalar) {
    case ScalarType.STRING:
      return anyString;
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 20 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.INT32:
      return anyInt32;
    case ScalarType.UINT32:
      return fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    case ScalarType.INT64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case ScalarType.UINT64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case ScalarType.DOUBLE:
      return fc.double();
    default:
      throw new Error(`The contract has a kind of field that is new: ${field}`);
  }
}

const anyInt32 = fc.oneof(fc.nat({ max: 300 }), fc.integer());
