import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The fields of a message of google/protobuf/descriptor.proto, by their numbers. */
export class WireFields {
  readonly #messages = new Map<number, readonly WireFields[]>();
  readonly #values = new Map<number, (number | Uint8Array)[]>();

  constructor(bytes: Uint8Array) {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited) this.#add(number, reader.bytes());
      else if (wireType === WireType.Varint) this.#add(number, reader.int32());
      else reader.skip(wireType, number);
    }
  }

  number(number: number): number {
    const value = this.#values.get(number)?.at(-1);
    return typeof value === "number" ? value : 0;
  }

  text(number: number): string {
    return Buffer.from(this.bytes(number).at(-1) ?? []).toString();
  }

  /** All values of a field that is a message. */
  bytes(number: number): Uint8Array[] {
    return (this.#values.get(number) ?? []) as Uint8Array[];
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

  #add(number: number, value: number | Uint8Array): void {
    const values = this.#values.get(number);
    if (values) values.push(value);
    else this.#values.set(number, [value]);
  }
}

/** Of a descriptor that is not in the file. */
export const none = new WireFields(new Uint8Array());
