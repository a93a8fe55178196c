import { abortable, sleep } from "../../../async/abort.js";
import { type LogRecord, parseLogRecord } from "../../../logs/format.js";
import { OutputFiles } from "./output-files.js";

/** The monitor reports an end while it may still have the last line in its hands. */
const graceMs = 50;
const newline = 0x0a;

export interface FollowOutputOptions {
  /** How many files are kept for a slow reader. */
  mostFiles: number;
  /** Resolves when nothing will be written any more. */
  ended: Promise<void>;
  signal: AbortSignal;
}

/**
 * What a container says from now on, out of the file that its monitor starts anew when it is full.
 *
 * @throws CriError (`resource_exhausted`) at the place where output is missing, when the reader was too slow.
 */
export async function followOutput(
  path: string,
  { mostFiles, ended, signal }: FollowOutputOptions,
): Promise<AsyncGenerator<LogRecord, void>> {
  const files = await OutputFiles.follow(path, mostFiles);
  return records(files, ended, signal);
}

async function* records(
  files: OutputFiles,
  ended: Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<LogRecord, void> {
  let rest = Buffer.alloc(0);
  let [isOver, isGraceOver] = [false, false];
  const end = ended.then(() => {
    isOver = true;
  });
  end.catch(() => {});
  try {
    for (;;) {
      const { changed } = files;
      const wasOver = isOver;
      const chunk = await files.read();
      signal.throwIfAborted();
      if (chunk) {
        const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        let start = 0;
        for (let stop = bytes.indexOf(newline); stop >= 0; stop = bytes.indexOf(newline, start)) {
          const record = parseLogRecord(bytes, start, stop);
          start = stop + 1;
          if (record) yield record;
        }
        rest = Buffer.from(bytes.subarray(start));
      } else if (!wasOver) {
        await abortable(Promise.race([changed, end]), signal);
      } else if (!isGraceOver) {
        await sleep(graceMs, signal);
        isGraceOver = true;
      } else {
        return;
      }
    }
  } finally {
    await files.close();
  }
}
