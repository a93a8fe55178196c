import { StringDecoder } from "node:string_decoder";
import { jsonSafe } from "../messages/json-safe.js";
import { countLines, type LogChunk } from "./log-chunk.js";
import type { LogLine, RawLogLine } from "./log-line.js";

/**
 * The first so many bytes of output, the line ends counted, then ends. The last line is cut, as text between two
 * characters; one of which nothing is left is not given.
 */
export async function* limitBytes<Item extends LogLine | RawLogLine | LogChunk>(
  batches: AsyncIterable<Item[]>,
  limit: number,
): AsyncGenerator<Item[], void> {
  let left = limit;
  if (left === 0) return;
  for await (const items of batches) {
    const whole: Item[] = [];
    for (const item of items) {
      const content = "text" in item ? Buffer.from(item.text) : item.bytes;
      if (content.length > left) {
        const last = cut(item, content.subarray(0, left));
        return yield contentLength(last) > 0 ? [...whole, last] : whole;
      }
      left -= content.length + ("partial" in item && !item.partial ? 1 : 0);
      whole.push(item);
      if (left <= 0) return yield whole;
    }
    yield whole;
  }
}

function contentLength(item: LogLine | RawLogLine | LogChunk): number {
  return "text" in item ? item.text.length : item.bytes.length;
}

function cut<Item extends LogLine | RawLogLine | LogChunk>(item: Item, bytes: Buffer): Item {
  if (!("partial" in item)) return { ...item, bytes, lines: countLines(bytes) };
  const content = "text" in item ? { text: new StringDecoder("utf8").write(bytes) } : { bytes };
  return jsonSafe({ ...item, ...content, partial: true });
}
