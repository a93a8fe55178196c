import type { AnswerHead } from "./head.js";

/** More of a body is not looked at. */
const maxBytes = 1000;
const maxChunkedBytes = 8 * maxBytes;
const bodilessCodes = [204, 304];

/** The first part of a refusal's body, from what has come of it; undefined while more is to be waited for. */
export function refusalText(
  { statusCode, headers }: AnswerHead,
  body: Buffer,
  { isOver }: { isOver: boolean },
): string | undefined {
  if (bodilessCodes.includes(statusCode)) return "";
  const isChunked = /(^|,)\s*chunked$/i.test(headers.get("transfer-encoding") ?? "");
  const { text, isWhole } = isChunked ? chunkedText(body) : plainText(body, headers.get("content-length"));
  if (!isWhole && !isOver && text.length < maxBytes) return undefined;
  return text.toString("utf8", 0, maxBytes);
}

function plainText(body: Buffer, given: string | undefined) {
  const length = given === undefined ? Number.POSITIVE_INFINITY : Number(given);
  return { text: body.subarray(0, length), isWhole: !(body.length < length) };
}

/** Whole as well when it is no such body: more would not make it one. */
function chunkedText(body: Buffer) {
  const pieces: Buffer[] = [];
  for (let start = 0; start < maxChunkedBytes; ) {
    const lineEnd = body.indexOf("\r\n", start);
    if (lineEnd === -1) return { text: Buffer.concat(pieces), isWhole: body.length - start > maxBytes };
    const [, size] = /^([\dA-Fa-f]{1,6})\s*(?:;.*)?$/.exec(body.toString("latin1", start, lineEnd)) ?? [];
    const length = Number.parseInt(size ?? "0", 16);
    if (length === 0) return { text: Buffer.concat(pieces), isWhole: true };
    pieces.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    start = lineEnd + 2 + length + 2;
  }
  return { text: Buffer.concat(pieces), isWhole: true };
}
