import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { protoCamelCase, safeObjectProperty } from "@bufbuild/protobuf/reflect";
import type { Contract } from "./contract.js";
import type { WireFields } from "./wire-fields.js";

/** Of google.protobuf.FieldDescriptorProto. */
const repeated = 3;
const types = { message: 11, enum: 14 };

/** Presence of protobuf-es: of messages, and of all else in proto3. */
const [explicit, implicit] = [1, 2];

/** Fields that the contract marks with `debug_redact`. */
const redacted = new WeakSet<DescField>();

/** Whether the contract says that the field's value is not for logs. */
export function isDebugRedacted(field: DescField): boolean {
  return redacted.has(field);
}

/** What a field, or the value of a map, can be. */
interface FieldType {
  readonly kind: "scalar" | "enum" | "message";
  readonly scalar: ScalarType | undefined;
  readonly enum: DescEnum | undefined;
  readonly message: DescMessage | undefined;
}

/** `wire` is a google.protobuf.FieldDescriptorProto; `mapEntries` are the types of maps, by name. */
export function makeField(
  file: Contract,
  parent: DescMessage,
  wire: WireFields,
  mapEntries: ReadonlyMap<string, WireFields>,
  booted: () => DescField,
): DescField {
  const name = wire.text(1);
  const camelCase = protoCamelCase(name);
  const base = {
    kind: "field",
    get proto() {
      return booted().proto;
    },
    get deprecated() {
      return booted().deprecated;
    },
    name,
    number: wire.number(3),
    parent,
    oneof: undefined,
    localName: safeObjectProperty(camelCase),
    jsonName: wire.text(10) || camelCase,
    utf8Validation: true,
    longAsString: false,
    toString: () => `field ${parent.typeName}.${name}`,
  };
  const field = Object.defineProperties(
    kindOf(file, wire, mapEntries),
    Object.getOwnPropertyDescriptors(base),
  ) as unknown as DescField;
  const options = wire.messages(8)[0];
  if (options?.number(16)) redacted.add(field);
  return field;
}

function kindOf(file: Contract, wire: WireFields, mapEntries: ReadonlyMap<string, WireFields>): object {
  const none = {
    listKind: undefined,
    mapKind: undefined,
    mapKey: undefined,
    packed: undefined,
    delimitedEncoding: undefined,
  };
  const mapEntry = mapEntries.get(wire.text(6));
  if (mapEntry) {
    const [key, value] = mapEntry.messages(2) as [WireFields, WireFields];
    const { kind, ...type } = typeOf(file, value);
    const map = { fieldKind: "map", mapKind: kind, mapKey: key.number(5), delimitedEncoding: false };
    return { ...none, ...type, ...map, presence: implicit, getDefaultValue: undefined };
  }
  const { kind, ...type } = typeOf(file, wire);
  const delimitedEncoding = kind === "message" ? false : undefined;
  if (wire.number(4) === repeated) {
    const list = { fieldKind: "list", listKind: kind, packed: canBePacked(type), delimitedEncoding };
    return { ...none, ...type, ...list, presence: implicit, getDefaultValue: undefined };
  }
  const presence = kind === "message" ? explicit : implicit;
  return { ...none, ...type, fieldKind: kind, presence, delimitedEncoding, getDefaultValue: () => undefined };
}

function typeOf(file: Contract, wire: WireFields): FieldType {
  const none = { scalar: undefined, enum: undefined, message: undefined };
  const [type, name] = [wire.number(5), wire.text(6)];
  if (type === types.message) return { ...none, kind: "message", message: file.messageOf(name) };
  if (type === types.enum) return { ...none, kind: "enum", enum: file.enumOf(name) };
  return { ...none, kind: "scalar", scalar: type };
}

function canBePacked({ scalar, message }: Pick<FieldType, "scalar" | "message">): boolean {
  return !message && scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES;
}
