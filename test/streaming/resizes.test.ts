import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Resizes } from "../../src/streaming/resizes.js";
import { printSize, type TerminalSize } from "../../src/wire/channels.js";
import { anyPlaces, cuts } from "../wire/support.js";

function told(pieces: readonly (Buffer | string)[]): TerminalSize[] {
  const sizes: TerminalSize[] = [];
  const resizes = new Resizes();
  resizes.listen((size) => sizes.push(size));
  for (const piece of pieces) resizes.read(Buffer.from(piece));
  return sizes;
}

const anySize = fc.record({
  columns: fc.integer({ min: 1, max: 0xffff }),
  rows: fc.integer({ min: 1, max: 0xffff }),
});

describe("a terminal's sizes", () => {
  it("are read with a line end between them or not, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anySize, fc.boolean()), { maxLength: 10 }), anyPlaces, (sent, places) => {
        const text = sent.map(([size, hasEnd]) => (hasEnd ? printSize(size) : printSize(size).trim()));
        expect(told(cuts(Buffer.from(text.join("")), places))).toEqual(sent.map(([size]) => size));
      }),
    );
  });

  it.each([
    '{"Width":0,"Height":0}',
    '{"Width":-1,"Height":24}',
    '{"Width":80}',
    '{"Width":70000,"Height":1}',
    "{}",
    "}",
  ])("that no terminal has are passed over: %s", (document) => {
    expect(told([document, printSize({ columns: 80, rows: 24 })])).toEqual([{ columns: 80, rows: 24 }]);
  });

  it("that came before anybody listened are told by the last of them", () => {
    const resizes = new Resizes();
    for (const columns of [80, 100]) resizes.read(Buffer.from(printSize({ columns, rows: 24 })));
    const sizes: TerminalSize[] = [];
    resizes.listen((size) => sizes.push(size));
    expect(sizes).toEqual([{ columns: 100, rows: 24 }]);
  });

  it("without an end hold no memory", () => {
    const resizes = new Resizes();
    for (let round = 0; round < 100; round += 1) resizes.read(Buffer.alloc(100_000, "{"));
    const sizes: TerminalSize[] = [];
    resizes.read(Buffer.from(`}${printSize({ columns: 1, rows: 2 })}`));
    resizes.listen((size) => sizes.push(size));
    expect(sizes).toEqual([{ columns: 1, rows: 2 }]);
  });
});
