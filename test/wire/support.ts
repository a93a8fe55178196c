import fc from "fast-check";

/** Cuts bytes into pieces at any places, empty pieces included. */
export function cuts(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...places].map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  const ends = [...sorted, bytes.length];
  return ends.map((end, index) => Buffer.from(bytes.subarray(sorted[index - 1] ?? 0, end)));
}

export const anyBytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

export const anyPlaces = fc.array(fc.nat(), { maxLength: 20 });

/** What a reader makes of pieces that come one after the other. */
export function readAll<Item>(
  reader: { read(chunk: Buffer): Iterable<Item> },
  pieces: readonly Buffer[],
): Item[] {
  return pieces.flatMap((piece) => [...reader.read(piece)]);
}
