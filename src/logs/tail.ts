import type { LogRecord } from "./format.js";
import { PartialJoiner } from "./join-partials.js";
import { eachLine } from "./line-sink.js";
import type { LogSource } from "./log-source.js";
import { RecordParser } from "./record-parser.js";

export interface TailOptions {
  readonly tail: number;
  /** Which lines count. */
  readonly wants: (head: LogRecord) => boolean;
  /** A line without an end counts as well: it will get none. */
  readonly isWhole: boolean;
}

const firstBlockBytes = 256 * 1024;

/**
 * Goes to where the last lines begin: leaves out whole files at the beginning of `sources`, and sets the others to
 * where reading starts. Says how many lines come before the last `tail` from there.
 *
 * It looks back over ever more bytes until there are enough lines in them, so that neither time nor memory depend
 * on how long the log is.
 */
export async function seekTail(
  path: string,
  sources: LogSource[],
  options: TailOptions,
): Promise<{ skip: number }> {
  for (let bytes = firstBlockBytes; ; bytes *= 4) {
    const start = findStart(sources, bytes);
    const files = sources.slice(start.index);
    await seekAll(files, start.offset);
    const count = await countLines(path, files, options);
    // The first line of each stream may lack its beginning there.
    if (count < options.tail + 2 && (start.index > 0 || start.offset > 0)) continue;
    await seekAll(files, start.offset);
    for (const unneeded of sources.splice(0, start.index)) await unneeded.close();
    return { skip: Math.max(count - options.tail, 0) };
  }
}

function findStart(sources: readonly LogSource[], bytes: number): { index: number; offset: number } {
  let left = bytes;
  for (let index = sources.length - 1; index >= 0; index--) {
    const size = sources[index]?.sizeBytes ?? 0;
    if (size >= left) return { index, offset: size - left };
    left -= size;
  }
  return { index: 0, offset: 0 };
}

async function seekAll(files: readonly LogSource[], offset: number): Promise<void> {
  for (const [index, file] of files.entries()) await file.seekLine(index === 0 ? offset : 0);
}

async function countLines(path: string, files: readonly LogSource[], options: TailOptions): Promise<number> {
  const joiner = new PartialJoiner(
    eachLine(() => true),
    options,
  );
  let count = 0;
  for (const [index, file] of files.entries()) {
    const parser = new RecordParser(path, { beginsMidway: file.isMidway });
    for (let chunk = await file.read(); chunk.length > 0; chunk = await file.read()) {
      count += joiner.push(parser.push(chunk)).length;
    }
    if (options.isWhole || index < files.length - 1) count += joiner.push(parser.end()).length;
  }
  return options.isWhole ? count + joiner.flush().length : count;
}
