import { CriError } from "../errors.js";
import { type LogLine, parseLogRecord } from "./format.js";
import { PartialJoiner } from "./join-partials.js";
import { type FileChange, LogFile } from "./log-file.js";
import { LineSplitter } from "./split-lines.js";

const chunkBytes = 64 * 1024;

/** The files that come to lie at one path, one after the other, read as one series of lines. */
export class LogReader {
  readonly #path: string;
  readonly #buffer = Buffer.allocUnsafe(chunkBytes);
  readonly #splitter = new LineSplitter();
  readonly #joiner = new PartialJoiner();
  /** The one being read, then those that have replaced it since. */
  #files: LogFile[] = [];
  #lineSeen = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** The lines that the next bytes complete; undefined at the end of the file, or when there is none yet. */
  async read(): Promise<LogLine[] | undefined> {
    const file = this.#files[0] ?? (await this.#openNext());
    if (!file) return undefined;
    const chunk = await file.read(this.#buffer);
    if (chunk.length === 0) return undefined;
    return this.#splitter.push(chunk).flatMap((line) => this.#parse(line) ?? []);
  }

  /** Whether another file lies at the path by now. It is opened at once, so that it cannot be missed. */
  async check(): Promise<FileChange> {
    const newest = this.#files.at(-1);
    if (!newest) return "none";
    const change = await newest.check();
    if (change === "replaced") await this.#openNext();
    return this.#files.length > 1 ? "replaced" : change;
  }

  /** Goes on to the file that replaced the present one. Parts of a line may go over from one to the other. */
  async next(): Promise<LogLine[]> {
    const lines = this.#parseRest();
    await this.#files.shift()?.close();
    return lines;
  }

  /** Starts the present file again from its beginning: it was truncated. */
  rewind(): LogLine[] {
    const lines = this.flush();
    this.#files[0]?.rewind();
    return lines;
  }

  /** What lacks its end, at the end of everything. */
  flush(): LogLine[] {
    return [...this.#parseRest(), ...this.#joiner.flush()];
  }

  async close(): Promise<void> {
    const files = this.#files;
    this.#files = [];
    for (const file of files) await file.close();
  }

  async #openNext(): Promise<LogFile | undefined> {
    const file = await LogFile.open(this.#path);
    if (file) this.#files.push(file);
    return file;
  }

  #parseRest(): LogLine[] {
    const rest = this.#splitter.takeRest();
    return rest.length > 0 ? (this.#parse(rest) ?? []) : [];
  }

  #parse(line: Buffer): LogLine[] | undefined {
    const record = parseLogRecord(line);
    if (!record && !this.#lineSeen) {
      throw new CriError(
        "data_loss",
        `Log ${this.#path} does not begin with a line in CRI format (TIME STREAM TAG CONTENT): it was written by something else than a CRI runtime`,
      );
    }
    this.#lineSeen = true;
    const joined = record && this.#joiner.push(record);
    return joined ? [joined] : undefined;
  }
}
