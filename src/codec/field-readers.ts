import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { type ByteReader, newPlace, unusual } from "./byte-reader.js";
import type { Owner } from "./new-texts.js";

/** A message while it is read. */
export type Fields = Record<string, unknown>;

/** Reads a field's value, behind its tag, into the message. */
export type FieldReader = (message: Fields, reader: ByteReader, end: number) => void;

/** Reads a message, its length first. */
export type MessageReader = (reader: ByteReader, end: number) => Fields;

/** Reads a value that ends at `end` or before. */
type ValueReader = (reader: ByteReader, end: number) => unknown;

const wireTypes = { varint: 0, bit64: 1, delimited: 2 } as const;

/** The readers of a field, by wire type; undefined for a kind of field that the contract does not have. */
export function fieldReaders(
  field: DescField,
  readerOf: (message: DescMessage) => MessageReader | undefined,
): Map<number, FieldReader> | undefined {
  if (field.oneof) return undefined;
  const { localName } = field;
  if (field.fieldKind === "map") return mapReaders(field);
  if (field.message) {
    const read = readerOf(field.message);
    if (!read) return undefined;
    const reader = field.fieldKind === "list" ? item(localName, read) : single(localName, read);
    return new Map([[wireTypes.delimited, reader]]);
  }
  if (field.enum && !field.enum.open) return undefined;
  if (field.scalar === ScalarType.STRING) return textReaders(field);
  const scalar = scalarReader(field.enum ? ScalarType.INT32 : (field.scalar as ScalarType));
  if (!scalar) return undefined;
  const { wireType, read } = scalar;
  if (field.fieldKind !== "list") return new Map([[wireType, single(localName, read)]]);
  const readers = new Map([[wireType, item(localName, read)]]);
  if (wireType !== wireTypes.delimited) readers.set(wireTypes.delimited, packedItems(localName, read));
  return readers;
}

function single(name: string, read: ValueReader): FieldReader {
  return (message, reader, end) => {
    message[name] = read(reader, end);
  };
}

function item(name: string, read: ValueReader): FieldReader {
  return (message, reader, end) => {
    (message[name] as unknown[]).push(read(reader, end));
  };
}

function packedItems(name: string, read: ValueReader): FieldReader {
  return (message, reader, end) => {
    const items = message[name] as unknown[];
    const packedEnd = reader.delimited(end);
    while (reader.pos < packedEnd) items.push(read(reader, packedEnd));
    if (reader.pos !== packedEnd) throw unusual;
  };
}

const keyTag = (1 << 3) | wireTypes.delimited;
const valueTag = (2 << 3) | wireTypes.delimited;

/** Maps of strings to strings are all that the contract has. */
function mapReaders(field: DescField & { fieldKind: "map" }): Map<number, FieldReader> | undefined {
  if (field.mapKey !== ScalarType.STRING || field.scalar !== ScalarType.STRING) return undefined;
  const name = field.localName;
  const entry: FieldReader = (message, reader, end) => {
    const entryEnd = reader.delimited(end);
    const map = message[name] as Record<string, string>;
    if (reader.pos === entryEnd || reader.tag() !== keyTag) throw unusual;
    const key = reader.key(entryEnd);
    if (key === "__proto__") throw unusual;
    if (reader.pos === entryEnd) {
      // The key may have come before, with a value that is not made yet.
      reader.settle();
      map[key] = "";
      return;
    }
    if (reader.tag() !== valueTag) throw unusual;
    const value = reader.value(entryEnd);
    map[key] = value ?? "";
    if (value === undefined) reader.later(map, key);
    if (reader.pos !== entryEnd) throw unusual;
  };
  return new Map([[wireTypes.delimited, entry]]);
}

function textReaders({
  fieldKind,
  localName,
  utf8Validation,
}: DescField): Map<number, FieldReader> | undefined {
  if (!utf8Validation) return undefined;
  const place = newPlace();
  const single: FieldReader = (message, reader, end) => {
    const text = reader.text(end, place);
    if (text === undefined) reader.later(message, localName);
    else message[localName] = text;
  };
  const item: FieldReader = (message, reader, end) => {
    const items = message[localName] as string[];
    const text = reader.text(end, place);
    if (text === undefined) reader.later(items as unknown as Owner, items.length);
    items.push(text ?? "");
  };
  return new Map([[wireTypes.delimited, fieldKind === "list" ? item : single]]);
}

function scalarReader(type: ScalarType): { wireType: number; read: ValueReader } | undefined {
  switch (type) {
    case ScalarType.BYTES:
      return { wireType: wireTypes.delimited, read: (reader, end) => reader.bytes(end) };
    case ScalarType.BOOL:
      return { wireType: wireTypes.varint, read: (reader) => reader.bool() };
    case ScalarType.INT32:
      return { wireType: wireTypes.varint, read: (reader) => reader.uint32() | 0 };
    case ScalarType.UINT32:
      return { wireType: wireTypes.varint, read: (reader) => reader.uint32() };
    case ScalarType.INT64:
      return { wireType: wireTypes.varint, read: (reader) => reader.int64() };
    case ScalarType.UINT64:
      return { wireType: wireTypes.varint, read: (reader) => reader.uint64() };
    case ScalarType.DOUBLE:
      return { wireType: wireTypes.bit64, read: (reader, end) => reader.double(end) };
    default:
      return undefined;
  }
}
