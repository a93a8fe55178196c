import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The fields of a message of google/protobuf/descriptor.proto, by their numbers; read with the first look at one. */
export class WireFields {
  readonly #bytes: Uint8Array;
  readonly #messages = new Map<number, readonly WireFields[]>();
  #values: Map<number, (number | Uint8Array)[]> | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(number: number): number {
    const value = this.#all(number).at(-1);
    return typeof value === "number" ? value : 0;
  }

  text(number: number): string {
    return Buffer.from(this.bytes(number).at(-1) ?? []).toString();
  }

  /** All values of a field that is a message. */
  bytes(number: number): Uint8Array[] {
    return this.#all(number) as Uint8Array[];
  }

  /** The same, read. */
  messages(number: number): readonly WireFields[] {
    let messages = this.#messages.get(number);
    if (!messages) {
      messages = this.bytes(number).map((bytes) => new WireFields(bytes));
      this.#messages.set(number, messages);
    }
    return messages;
  }

  #all(number: number): readonly (number | Uint8Array)[] {
    this.#values ??= readFields(this.#bytes);
    return this.#values.get(number) ?? [];
  }
}

function readFields(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const fields = new Map<number, (number | Uint8Array)[]>();
  const add = (number: number, value: number | Uint8Array) => {
    const values = fields.get(number);
    if (values) values.push(value);
    else fields.set(number, [value]);
  };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) add(number, reader.bytes());
    else if (wireType === WireType.Varint) add(number, reader.int32());
    else reader.skip(wireType, number);
  }
  return fields;
}

/** The name that a descriptor begins with, without its other fields being read. */
export function nameIn(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes);
  reader.tag();
  return reader.string();
}

/** Of a descriptor that is not in the file. */
export const none = new WireFields(new Uint8Array());
