import { type Field, fieldOverhead } from "./hpack/dynamic-table.js";

/** The fields of a header block by their names in lower case, with `:status` among them. */
export type HeaderFields = ReadonlyMap<string, string>;

/**
 * What may come in one header block: its bytes while it is encoded, and the size of its list as HTTP/2 reckons it. A
 * status with details can be large; node:http2 took 64 KiB, grpc-go takes 16 MiB.
 */
export const maxHeaderListBytes = 1024 * 1024;

/** Gathers the fields of one block. Values of a name that comes again are joined, as HTTP has it. */
export class FieldList {
  readonly #fields = new Map<string, string>();
  #bytes = 0;

  add([name, value]: Field): void {
    this.#bytes += name.length + value.length + fieldOverhead;
    if (this.isTooLong) return;
    const before = this.#fields.get(name);
    this.#fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }

  get isTooLong(): boolean {
    return this.#bytes > maxHeaderListBytes;
  }

  get fields(): HeaderFields {
    return this.#fields;
  }
}

/** Whether the block is one of a response: a status before all other fields, and these as HTTP/2 has them. */
export function isResponse(fields: HeaderFields): boolean {
  const [first] = fields.keys();
  return first === ":status" && /^[1-9]\d\d$/.test(fields.get(":status") ?? "") && areValid(fields, 1);
}

export function areTrailers(fields: HeaderFields): boolean {
  return areValid(fields, 0);
}

/** Web Headers, which fields become, throw for any other. */
function areValid(fields: HeaderFields, pseudo: number): boolean {
  let index = 0;
  for (const [name, value] of fields) {
    if (index++ >= pseudo && !isNameValid(name)) return false;
    if (/[\0\r\n]/.test(value)) return false;
  }
  return true;
}

/** Fields that tell of a connection of HTTP/1 must not be passed on. */
function isNameValid(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) && !isOfConnection(name);
}

export function isOfConnection(name: string): boolean {
  switch (name) {
    case "connection":
    case "keep-alive":
    case "proxy-connection":
    case "transfer-encoding":
    case "upgrade":
      return true;
    default:
      return false;
  }
}
