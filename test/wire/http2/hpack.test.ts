import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeaderDecoder } from "../../../src/wire/http2/hpack/header-decoder.js";
import { encodeHeaders } from "../../../src/wire/http2/hpack/header-encoder.js";
import { decodeHuffman } from "../../../src/wire/http2/hpack/huffman.js";
import { Http2Error } from "../../../src/wire/http2/http2-error.js";

type Fields = (readonly [name: string, value: string])[];

function decode(decoder: HeaderDecoder, block: Buffer): Fields {
  const fields: Fields = [];
  decoder.decode(block, { add: (field) => fields.push(field) });
  return fields;
}

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("header blocks", () => {
  // Appendix C.5 and C.6 have a table of 256 bytes, from which fields are evicted.
  it.each([
    [
      "without Huffman codes (RFC 7541, C.5)",
      [
        "3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
      ],
    ],
    [
      "with Huffman codes (RFC 7541, C.6)",
      [
        "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
      ],
    ],
  ])("are read as the RFC's examples have them, %s", (_what, blocks) => {
    const decoder = new HeaderDecoder();
    const rest: Fields = [
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["location", "https://www.example.com"],
    ];
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual([
      [[":status", "302"], ...rest],
      [[":status", "307"], ...rest],
    ]);
    // The first status has been evicted by the second: 62 is the second, 66 stands for nothing.
    expect(() => decode(decoder, hex("c2"))).toThrow(Http2Error);
  });

  it("are read as they were written", () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 300,
    });
    const known = fc.constantFrom(":method", ":status", "content-type", "te", "grpc-timeout");
    const field = fc.tuple(fc.oneof(known, text), fc.oneof(text, fc.constantFrom("POST", "200", "404")));
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        expect(decode(new HeaderDecoder(), encodeHeaders(fields))).toEqual(fields);
      }),
    );
  });

  it("have the lengths of their strings wherever an integer goes on", () => {
    for (const length of [0, 1, 126, 127, 128, 254, 255, 256, 16_510, 16_511, 100_000]) {
      const fields: Fields = [["x", "y".repeat(length)]];
      expect(decode(new HeaderDecoder(), encodeHeaders(fields))).toEqual(fields);
    }
  });

  it("forget the oldest fields of a table that is full or made smaller", () => {
    const decoder = new HeaderDecoder();
    const add = (name: string, value: string) =>
      Buffer.concat([Buffer.of(0x40), encodeHeaders([[name, value]]).subarray(1)]);
    decode(decoder, Buffer.concat([add("a", "1".repeat(2000)), add("b", "2".repeat(2000))]));
    expect(decode(decoder, hex("bebf")).map(([name]) => name)).toEqual(["b", "a"]);
    decode(decoder, add("c", "3".repeat(100)));
    expect(decode(decoder, hex("bebf")).map(([name]) => name)).toEqual(["c", "b"]);
    expect(() => decode(decoder, hex("c0"))).toThrow(Http2Error);
    expect(decode(decoder, hex("3f66 be"))).toHaveLength(1);
    const small = new HeaderDecoder();
    decode(small, Buffer.concat([add("a", "1"), add("b", "2")]));
    expect(decode(small, hex("3f03 be"))).toEqual([["b", "2"]]);
    expect(() => decode(small, hex("bf"))).toThrow(Http2Error);
    decode(small, Buffer.concat([add("d", "4".repeat(100))]));
    expect(() => decode(small, hex("be"))).toThrow(Http2Error);
  });

  it.each([
    ["the index 0", "80"],
    ["an index behind the tables", "be"],
    ["a name's index behind the tables", "7f00 00"],
    ["a table size above the limit", "3fe2 1f"],
    ["a table size after a field", "88 20"],
    ["a string that is cut short", "0005 61"],
    ["an integer that is cut short", "ff"],
    ["an integer that is too large", "ffff ffff ff0f"],
    ["an integer without an end", "ff80 8080 8080 8080 8080 8080 80"],
    ["a Huffman code that is cut short", "0081 fe 00"],
    ["Huffman padding of a whole byte", "0082 1fff 00"],
    ["Huffman padding of zeros", "0081 00 00"],
    ["the end of string inside a string", "0084 ffff ffff 00"],
  ])("with %s end in a typed error", (_what, block) => {
    expect(() => decode(new HeaderDecoder(), hex(block))).toThrow(Http2Error);
  });

  it("of any rubbish end in fields or in a typed error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decode(new HeaderDecoder(), Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Http2Error);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

it("Huffman codes of the RFC's examples are read", () => {
  expect(decodeHuffman(hex("f1e3c2e5f23a6ba0ab90f4ff")).toString()).toBe("www.example.com");
  expect(
    decodeHuffman(
      hex("94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"),
    ).toString(),
  ).toBe("foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
});
