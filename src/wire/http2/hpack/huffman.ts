import { Http2Error } from "../http2-error.js";

/**
 * How many bits the code of each byte has by RFC 7541, appendix B, and of the end of a string, as digits of base 36. No
 * more need be known: codes of one length are consecutive numbers in the order of the bytes, after the shorter ones.
 */
const lengths = Array.from(
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" +
    "d67777777777777777777777878djde6f56565666577666567655677777fbeds" +
    "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
    "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq" +
    "u",
  (digit) => Number.parseInt(digit, 36),
);
const endOfString = 256;

/** The codes of each length: the first of them, and the bytes that they stand for in order. */
const codes = codesByLength();

function codesByLength(): { first: number; bytes: number[] }[] {
  const codes = Array.from({ length: 1 + Math.max(...lengths) }, () => ({ first: 0, bytes: [] as number[] }));
  for (const [byte, length] of lengths.entries()) codes[length]?.bytes.push(byte);
  let next = 0;
  for (const code of codes) {
    next *= 2;
    code.first = next;
    next += code.bytes.length;
  }
  return codes;
}

export function decodeHuffman(encoded: Uint8Array): Buffer {
  // No code is shorter than five bits.
  const decoded = Buffer.allocUnsafe(Math.ceil((encoded.length * 8) / 5));
  let filled = 0;
  let code = 0;
  let bits = 0;
  for (const byte of encoded) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      bits += 1;
      const known = codes[bits];
      const decodedByte = known?.bytes[code - known.first];
      if (decodedByte === undefined) continue;
      if (decodedByte === endOfString) throw invalid();
      decoded[filled++] = decodedByte;
      code = 0;
      bits = 0;
    }
  }
  // The last byte is filled up with the beginning of the end of string, which is all ones.
  if (bits > 7 || code !== 2 ** bits - 1) throw invalid();
  return decoded.subarray(0, filled);
}

function invalid(): Http2Error {
  return new Http2Error("COMPRESSION_ERROR", "A header has an invalid Huffman code");
}
