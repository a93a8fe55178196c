import { Http2Error } from "../http2-error.js";
import { DynamicTable, type Field } from "./dynamic-table.js";
import { decodeHuffman } from "./huffman.js";
import { staticTable } from "./static-table.js";

/** What HTTP/2 gives a table unless SETTINGS say another size, which ours do not. */
const tableBytes = 4096;
/** More than any length or index can be that is taken here. */
const maxInteger = 2 ** 28;

/** Undoes HPACK (RFC 7541). Every block of a connection must pass through its one decoder, in order. */
export class HeaderDecoder {
  readonly #table = new DynamicTable(tableBytes);
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Throws `Http2Error`; the connection is then of no more use. */
  decode(block: Buffer, fields: { add(field: Field): void }): void {
    this.#block = block;
    this.#at = 0;
    this.#resizeTable();
    while (this.#at < block.length) fields.add(this.#readField());
  }

  /** Only the beginning of a block may do so. */
  #resizeTable(): void {
    while (this.#at < this.#block.length && (this.#peek() & 0xe0) === 0x20) {
      const size = this.#readInteger(5);
      if (size > tableBytes) throw invalid("resizes the table above its limit");
      this.#table.resize(size);
    }
  }

  #readField(): Field {
    const first = this.#peek();
    if ((first & 0x80) !== 0) return this.#fieldAt(this.#readInteger(7));
    const isIndexed = (first & 0x40) !== 0;
    if (!isIndexed && (first & 0x20) !== 0) throw invalid("resizes the table among its fields");
    const index = this.#readInteger(isIndexed ? 6 : 4);
    const name = index === 0 ? this.#readString() : this.#fieldAt(index)[0];
    const field: Field = [name, this.#readString()];
    if (isIndexed) this.#table.add(field);
    return field;
  }

  #fieldAt(index: number): Field {
    const field = staticTable[index - 1] ?? this.#table.at(index - 1 - staticTable.length);
    if (!field) throw invalid(`has the index ${index}, which stands in no table`);
    return field;
  }

  /** One character per byte, as node:http2 has it. */
  #readString(): string {
    const isHuffman = (this.#peek() & 0x80) !== 0;
    const length = this.#readInteger(7);
    const end = this.#at + length;
    if (end > this.#block.length) throw invalid("is cut short");
    const bytes = this.#block.subarray(this.#at, end);
    this.#at = end;
    return (isHuffman ? decodeHuffman(bytes) : bytes).toString("latin1");
  }

  #readInteger(prefixBits: number): number {
    const prefix = 2 ** prefixBits - 1;
    let value = this.#peek() & prefix;
    this.#at += 1;
    if (value < prefix) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#peek();
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (value > maxInteger || shift > 28) throw invalid("has too large a number");
      if (byte < 0x80) return value;
    }
  }

  #peek(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw invalid("is cut short");
    return byte;
  }
}

function invalid(what: string): Http2Error {
  return new Http2Error("COMPRESSION_ERROR", `A header block ${what}`);
}
