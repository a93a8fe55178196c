import { CriError } from "../errors.js";
import { type LogRecord, parseLogRecord } from "./format.js";
import { type FileChange, LogFile } from "./log-file.js";
import { LineSplitter } from "./split-lines.js";

const chunkBytes = 64 * 1024;

/** Makes what the reader of a log gets out of its records. */
export interface RecordAssembler<Item> {
  /** What this record completes, if anything. Its content is a view: to be copied if it is kept. */
  push(record: LogRecord): Item | undefined;
  /** What will not be completed any more, oldest first. */
  flush(): Item[];
}

/** The files that come to lie at one path, one after the other, read as one series of records. */
export class LogReader<Item> {
  readonly #path: string;
  readonly #buffer = Buffer.allocUnsafe(chunkBytes);
  readonly #splitter = new LineSplitter();
  readonly #assembler: RecordAssembler<Item>;
  /** The one being read, then those that have replaced it since. */
  #files: LogFile[] = [];
  #lineSeen = false;

  constructor(path: string, assembler: RecordAssembler<Item>) {
    this.#path = path;
    this.#assembler = assembler;
  }

  /** Leaves out what is there already. Before the first read. */
  async skipToEnd(): Promise<void> {
    const file = await this.#openNext();
    await file?.skipToEnd();
  }

  /** The lines that the next bytes complete; undefined at the end of the file, or when there is none yet. */
  async read(): Promise<Item[] | undefined> {
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
  async next(): Promise<Item[]> {
    const lines = this.#parseRest();
    await this.#files.shift()?.close();
    return lines;
  }

  /** Starts the present file again from its beginning: it was truncated. */
  rewind(): Item[] {
    const lines = this.flush();
    this.#files[0]?.rewind();
    return lines;
  }

  /** What lacks its end, at the end of everything. */
  flush(): Item[] {
    return [...this.#parseRest(), ...this.#assembler.flush()];
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

  #parseRest(): Item[] {
    const rest = this.#splitter.takeRest();
    return rest.length > 0 ? (this.#parse(rest) ?? []) : [];
  }

  #parse(line: Buffer): Item[] | undefined {
    const record = parseLogRecord(line);
    if (!record && !this.#lineSeen) {
      throw new CriError(
        "data_loss",
        `Log ${this.#path} does not begin with a line in CRI format (TIME STREAM TAG CONTENT): it was written by something else than a CRI runtime`,
      );
    }
    this.#lineSeen = true;
    const joined = record && this.#assembler.push(record);
    return joined ? [joined] : undefined;
  }
}
