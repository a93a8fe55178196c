import type { ByteReader } from "./byte-reader.js";
import type { Fields } from "./field-readers.js";

/** So many layouts of one kind of message are kept; a runtime that sends more of them gets new ones. */
const maxLayouts = 64;

/**
 * The objects of one kind of message. V8 makes copies of one object fast, and gives them one hidden class; adding a
 * property costs more than to read its value. So messages begin as copies of an object that has the message fields of
 * the one before, which in a list are the same.
 */
export class Layouts {
  readonly #fields: Fields;
  readonly #messageFields: readonly string[];
  readonly #known = new Map<number, Fields>();
  #lastPresent = 0;
  #last: Fields;

  /** `fields` are those of a message without any set. */
  constructor(fields: Fields, messageFields: readonly string[]) {
    this.#fields = fields;
    this.#messageFields = messageFields;
    this.#last = this.#layout(0);
  }

  begin(): Fields {
    return { ...this.#last };
  }

  /** The message with the message fields that it has, of which there is a bit in `present` for each. */
  finish(message: Fields, present: number, reader: ByteReader): Fields {
    if (present === this.#lastPresent) return message;
    // Texts belong to the message itself until they are made.
    reader.settle();
    this.#lastPresent = present;
    this.#last = this.#layout(present);
    const copy = this.begin();
    for (const name of Object.keys(copy)) copy[name] = message[name];
    return copy;
  }

  #layout(present: number): Fields {
    const known = this.#known.get(present);
    if (known) return known;
    const names = this.#messageFields.filter((_, index) => (present & (1 << index)) !== 0);
    const layout = inOneBlock([...Object.keys(this.#fields), ...names]);
    Object.assign(layout, this.#fields);
    if (this.#known.size >= maxLayouts) this.#known.clear();
    this.#known.set(present, layout);
    return layout;
  }
}

/** JSON.parse alone makes objects that have all properties in themselves, none in an array beside. */
function inOneBlock(names: readonly string[]): Fields {
  return JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:null`)}}`);
}
