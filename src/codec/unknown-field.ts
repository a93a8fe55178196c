import type { Message } from "@bufbuild/protobuf";
import { type ByteReader, unusual } from "./byte-reader.js";

type UnknownField = NonNullable<Message["$unknown"]>[number];

/** Keeps a field that the contract does not have, as newer runtimes may send. */
export function readUnknown(reader: ByteReader, tag: number, end: number): UnknownField {
  const no = tag >>> 3;
  const wireType = tag & 7;
  if (no === 0) throw unusual;
  const start = reader.pos;
  return { no, wireType, data: reader.bytesTo(valueEnd(reader, wireType, end), start) };
}

function valueEnd(reader: ByteReader, wireType: number, end: number): number {
  switch (wireType) {
    case 0:
      reader.int64();
      return reader.pos;
    case 1:
      return reader.pos + 8;
    case 2:
      return reader.delimited(end);
    case 5:
      return reader.pos + 4;
    default:
      throw unusual;
  }
}
