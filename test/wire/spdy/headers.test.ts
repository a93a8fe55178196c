import { constants, deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { spdyDictionary, spdyDictionaryId } from "../../../src/wire/spdy/dictionary.js";
import { HeaderDecoder, HeaderEncoder } from "../../../src/wire/spdy/headers.js";
import { WireError } from "../../../src/wire/wire-error.js";
import { anyBytes } from "../support.js";
import { compressedBlocks } from "./compressed-blocks.js";

const anyHeaders = fc.dictionary(
  fc.stringMatching(/^[a-z0-9-]{1,12}$/).filter((name) => name !== "__proto__"),
  fc.string({ unit: "binary", maxLength: 40 }),
  { maxKeys: 6 },
);

describe("header blocks of SPDY", () => {
  it("are read as they were written, one after the other", () => {
    fc.assert(
      fc.property(fc.array(anyHeaders, { maxLength: 8 }), (blocks) => {
        const encoder = new HeaderEncoder();
        const decoder = new HeaderDecoder();
        for (const headers of blocks) expect({ ...decoder.decode(encoder.encode(headers)) }).toEqual(headers);
      }),
    );
  });

  it("are read as zlib compresses them with the dictionary, which each block builds on", async () => {
    const blocks = Array.from({ length: 400 }, (_, index) => ({
      streamtype: index % 2 === 0 ? "data" : "error",
      port: "8080",
      requestid: String(index),
    }));
    const decoder = new HeaderDecoder();
    const decoded = (await compressedBlocks(blocks)).map((block) => ({ ...decoder.decode(block) }));
    expect(decoded).toEqual(blocks);
  });

  it("have their names in lower case, whatever they were given in", () => {
    const [encoder, decoder] = [new HeaderEncoder(), new HeaderDecoder()];
    expect({ ...decoder.decode(encoder.encode({ StreamType: "Error" })) }).toEqual({ streamtype: "Error" });
  });

  it("know the dictionary that all of SPDY/3 uses", () => {
    const named = deflateSync(Buffer.alloc(0), { dictionary: spdyDictionary });
    expect(named.readUInt32BE(2)).toBe(spdyDictionaryId);
    expect(spdyDictionary.length).toBe(1423);
  });

  it("that inflate to more than 64 KiB are refused before that much is held", () => {
    const bomb = deflateSync(Buffer.alloc(50_000_000), {
      dictionary: spdyDictionary,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    expect(bomb.length).toBeLessThan(64 * 1024);
    expect(() => new HeaderDecoder().decode(bomb)).toThrow(WireError);
  });

  it("that claim more pairs or longer texts than there are, are refused", () => {
    const claims = [Buffer.from("ffffffff", "hex"), Buffer.from("00000001ffffffff61", "hex")];
    for (const plain of claims) {
      const block = deflateSync(plain, { dictionary: spdyDictionary, finishFlush: constants.Z_SYNC_FLUSH });
      expect(() => new HeaderDecoder().decode(block)).toThrow(WireError);
    }
  });

  it("of any rubbish end in a typed error or in headers", () => {
    fc.assert(
      fc.property(fc.array(anyBytes(200), { minLength: 1, maxLength: 4 }), (blocks) => {
        const decoder = new HeaderDecoder();
        const head = Buffer.from("78bbe3c6a7c2", "hex");
        try {
          for (const [index, block] of blocks.entries())
            decoder.decode(index ? block : Buffer.concat([head, block]));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
