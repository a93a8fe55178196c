/** What a field counts for besides its name and value, in a table and in the size of a header list. */
export const fieldOverhead = 32;

export type Field = readonly [name: string, value: string];

/** The fields that a peer has sent before, the newest first (RFC 7541, section 2.3.2). */
export class DynamicTable {
  /** The oldest first. */
  readonly #fields: Field[] = [];
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Index 0 is the newest. */
  at(index: number): Field | undefined {
    return this.#fields[this.#fields.length - 1 - index];
  }

  /** A field that is larger than the table empties it, and does not stand in it. */
  add(field: Field): void {
    this.#fields.push(field);
    this.#bytes += sizeOf(field);
    this.#evict();
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes) this.#bytes -= sizeOf(this.#fields.shift() ?? ["", ""]);
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + fieldOverhead;
}
