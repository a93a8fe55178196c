import { StringDecoder } from "node:string_decoder";
import { jsonSafe } from "../messages/json.js";
import type { LogLine, RawLogLine } from "./log-line.js";

/**
 * The lines of the first so many bytes of output, the line ends counted, then ends. The last line is cut, between
 * two characters.
 */
export async function* limitBytes<Line extends LogLine | RawLogLine>(
  batches: AsyncIterable<Line[]>,
  limit: number,
): AsyncGenerator<Line[], void> {
  let left = limit;
  for await (const lines of batches) {
    const whole: Line[] = [];
    for (const line of lines) {
      const content = "text" in line ? Buffer.from(line.text) : line.bytes;
      if (content.length > left) return yield [...whole, cut(line, content.subarray(0, left))];
      left -= content.length + (line.partial ? 0 : 1);
      whole.push(line);
      if (left <= 0) return yield whole;
    }
    yield whole;
  }
}

function cut<Line extends LogLine | RawLogLine>(line: Line, content: Buffer): Line {
  const text = "text" in line ? { text: new StringDecoder("utf8").write(content) } : { bytes: content };
  return jsonSafe({ ...line, ...text, partial: true });
}
