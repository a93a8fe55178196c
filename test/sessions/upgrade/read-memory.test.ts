import { expect, it } from "vitest";

import { ReadMemory } from "../../../src/sessions/upgrade/read-memory.js";

/** A socket's side: each read fills what it is given, as far as there is something. */
function reading(memory: ReadMemory, onBytes: (bytes: Buffer) => void) {
  const { buffer, callback } = memory.reads((bytes) => {
    onBytes(bytes);
    return true;
  });
  const next = () => (buffer as () => Buffer)();
  let place = next();
  return (length: number, value: number) => {
    place.fill(value, 0, length);
    callback(length, place);
    place = next();
    return place.length;
  };
}

it("what a read has brought stays as it is", () => {
  const seen: Buffer[] = [];
  const read = reading(new ReadMemory(), (bytes) => seen.push(bytes));
  const lengths = Array.from({ length: 100 }, (_, index) => 1 + ((index * 7919) % 65_536));
  for (const [index, length] of lengths.entries()) read(length, index);
  expect(seen.map((bytes) => bytes.length)).toEqual(lengths);
  expect(seen.every((bytes, index) => bytes.every((byte) => byte === index))).toBe(true);
});

it("what nobody looks at any more is read into again, and what was kept before is not", () => {
  const memory = new ReadMemory();
  const seen: Buffer[] = [];
  const read = reading(memory, (bytes) => {
    seen.push(bytes);
    if (seen.length > 1) memory.reuse();
  });
  for (const value of [1, 2, 3]) read(1000, value);
  expect(seen.map((bytes) => bytes[0])).toEqual([1, 3, 3]);
  expect(seen[2]?.byteOffset).toBe(seen[1]?.byteOffset);
});

it("each read finds room for as much as Node's own", () => {
  const read = reading(new ReadMemory(), () => {});
  for (let count = 0; count < 100; count++) expect(read(10_007, count)).toBeGreaterThanOrEqual(65_536);
});
