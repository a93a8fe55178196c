import { constants, createDeflate } from "node:zlib";

import { spdyDictionary } from "../../../src/wire/spdy/dictionary.js";
import { HeaderEncoder, type SpdyHeaders } from "../../../src/wire/spdy/headers.js";

/** As Go's and other peers send them: one zlib stream with the dictionary, flushed after each block. */
export async function compressedBlocks(blocks: readonly SpdyHeaders[]): Promise<Buffer[]> {
  const deflate = createDeflate({ dictionary: spdyDictionary, level: constants.Z_BEST_COMPRESSION });
  const compressed: Buffer[] = [];
  for (const headers of blocks) {
    deflate.write(plainPairs(headers));
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    compressed.push(deflate.read());
  }
  deflate.destroy();
  return compressed;
}

/** The pairs before compression: what a new encoder stores, without the frames of zlib around it. */
function plainPairs(headers: SpdyHeaders): Buffer {
  const stored = new HeaderEncoder().encode(headers);
  return stored.subarray(7, stored.length - 5);
}
