import { constants, inflateRawSync } from "node:zlib";

import { WireError } from "../wire-error.js";
import { spdyDictionary, spdyDictionaryId } from "./dictionary.js";

/** Header names in lower case, one value each: several of one name are joined with a zero byte on the wire. */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** Many times what exec, attach and port-forward send; what inflates to more is an attack. */
const maxPlainBytes = 64 * 1024;
const windowBytes = 32 * 1024;
const storedBlockBytes = 0xffff;

/**
 * Reads the header blocks of one direction. They are one zlib stream, flushed after each block, so a block
 * can be inflated by itself when the plain text before it serves as the dictionary: no state of zlib is
 * kept, and nothing is asynchronous.
 */
export class HeaderDecoder {
  #history: Buffer | undefined;

  /** Blocks must come in the order in which they were received. Throws `WireError`. */
  decode(block: Buffer): SpdyHeaders {
    const compressed = this.#history === undefined ? this.#begin(block) : block;
    const plain = inflate(compressed, this.#history ?? spdyDictionary);
    this.#history = Buffer.concat([this.#history ?? Buffer.alloc(0), plain]).subarray(-windowBytes);
    return readPairs(plain);
  }

  /** The stream's own header, before the first block, says whether it builds on the dictionary. */
  #begin(block: Buffer): Buffer {
    if (block.length < 2) throw new WireError("The first header block is cut short");
    const first = block.readUInt16BE(0);
    if ((first & 0x0f00) !== 0x0800 || first % 31 !== 0) {
      throw new WireError("The header blocks are not a zlib stream");
    }
    if ((first & 0x20) === 0) {
      this.#history = Buffer.alloc(0);
      return block.subarray(2);
    }
    if (block.length < 6 || block.readUInt32BE(2) !== spdyDictionaryId) {
      throw new WireError("The header blocks build on an unknown dictionary");
    }
    this.#history = spdyDictionary;
    return block.subarray(6);
  }
}

function inflate(block: Buffer, history: Buffer): Buffer {
  try {
    return inflateRawSync(block, {
      ...(history.length > 0 && { dictionary: history }),
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: maxPlainBytes,
    });
  } catch (cause) {
    throw new WireError(`A header block cannot be inflated to at most ${maxPlainBytes} bytes`, { cause });
  }
}

/** A count, then names and values, each with its length before it. */
function readPairs(plain: Buffer): SpdyHeaders {
  const headers: Record<string, string> = Object.create(null);
  let offset = 0;
  const number = () => {
    if (offset + 4 > plain.length) throw new WireError("A header block is cut short");
    offset += 4;
    return plain.readUInt32BE(offset - 4);
  };
  const text = () => {
    const length = number();
    if (length > plain.length - offset) throw new WireError("A header block is cut short");
    offset += length;
    return plain.toString("utf8", offset - length, offset);
  };
  for (let left = number(); left > 0; left -= 1) {
    const name = text().toLowerCase();
    headers[name] = text();
  }
  return headers;
}

/**
 * Writes the header blocks of one direction without compressing them: each is a stored block of zlib, then an
 * empty one, without which Go's reader does not take the first for whole.
 */
export class HeaderEncoder {
  #begun = false;

  encode(headers: SpdyHeaders): Buffer {
    const plain = writePairs(headers);
    const parts: Buffer[] = [];
    if (!this.#begun) parts.push(Buffer.from([0x78, 0x01]));
    this.#begun = true;
    for (let start = 0; start < plain.length; start += storedBlockBytes) {
      parts.push(stored(plain.subarray(start, start + storedBlockBytes)));
    }
    parts.push(stored(Buffer.alloc(0)));
    return Buffer.concat(parts);
  }
}

function stored(content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(content.length, 1);
  head.writeUInt16LE(~content.length & 0xffff, 3);
  return Buffer.concat([head, content]);
}

function writePairs(headers: SpdyHeaders): Buffer {
  const texts = Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
  const parts = texts.map((text) => {
    const bytes = Buffer.from(text, "utf8");
    return Buffer.concat([uint32(bytes.length), bytes]);
  });
  return Buffer.concat([uint32(texts.length / 2), ...parts]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
