import type { LogRecord } from "./format.js";

/** What becomes of lines: one item of each, or of many. */
export interface LineSink<Item> {
  /**
   * A line, with all its parts. Where it lies is valid until the next `take`, and the sink's to write over, with what
   * comes before it in the same bytes.
   */
  add(line: LogRecord): void;
  /** The items of the lines since the last time. */
  take(): Item[];
}

/** An item for each line. */
export function eachLine<Line>(make: (line: LogRecord) => Line): LineSink<Line> {
  let lines: Line[] = [];
  return {
    add: (line) => {
      lines.push(make(line));
    },
    take: () => {
      const taken = lines;
      lines = [];
      return taken;
    },
  };
}
