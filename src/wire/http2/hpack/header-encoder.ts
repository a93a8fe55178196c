import { staticTable } from "./static-table.js";

/**
 * A header block that names no field of a dynamic table: so it is the same on every connection, and can be kept and
 * sent again. Names must be in lower case.
 */
export function encodeHeaders(fields: Iterable<readonly [name: string, value: string]>): Buffer {
  return Buffer.concat([...fields].flatMap(([name, value]) => encodeField(name, value)));
}

function encodeField(name: string, value: string): Buffer[] {
  const whole = staticTable.findIndex((known) => known[0] === name && known[1] === value);
  if (whole >= 0) return [integer(0x80, 7, whole + 1)];
  const index = staticTable.findIndex((known) => known[0] === name) + 1;
  return [integer(0, 4, index), ...(index === 0 ? string(name) : []), ...string(value)];
}

function string(text: string): Buffer[] {
  return [integer(0, 7, text.length), Buffer.from(text, "latin1")];
}

function integer(pattern: number, prefixBits: number, value: number): Buffer {
  const prefix = 2 ** prefixBits - 1;
  if (value < prefix) return Buffer.of(pattern | value);
  const bytes = [pattern | prefix];
  let rest = value - prefix;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push(0x80 | (rest % 0x80));
  return Buffer.from([...bytes, rest]);
}
