import { once } from "node:events";
import { Readable } from "node:stream";
import { LogFile } from "./log-file.js";
import { headBytes, type LogSource, type Position } from "./log-source.js";

/** What text is compressed by, about. */
const ratio = 10;
const chunkBytes = 128 * 1024;

/** A rotated file that was compressed. It is read through a window, never as a whole. */
export class GzipFile implements LogSource {
  readonly #file: LogFile;
  readonly identity: string;
  readonly sizeBytes: number;
  readonly writtenNs: bigint;
  /** It is read from its beginning, or after another of the same log. */
  readonly isMidway = false;
  #head: Buffer | undefined;
  #streams: Readable[] = [];
  #chunks: AsyncIterator<Buffer> | undefined;
  #next: Buffer | undefined;
  #isDamaged = false;

  private constructor(file: LogFile) {
    this.#file = file;
    this.identity = file.identity;
    this.sizeBytes = file.sizeBytes * ratio;
    this.writtenNs = file.writtenNs;
  }

  /** Undefined when there is no file at the path. */
  static open(path: string): GzipFile | undefined {
    const file = LogFile.open(path);
    return file && new GzipFile(file);
  }

  /** Its end is missing or cannot be read. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  async head(): Promise<Buffer> {
    if (this.#head) return this.#head;
    const parts: Buffer[] = [];
    for (let bytes = 0; bytes < headBytes; ) {
      const chunk = await this.read();
      if (chunk.length === 0) break;
      parts.push(chunk);
      bytes += chunk.length;
    }
    this.#head = Buffer.concat(parts).subarray(0, headBytes);
    await this.#restart();
    return this.#head;
  }

  async read(): Promise<Buffer> {
    const next = this.#next;
    this.#next = undefined;
    if (next) return next;
    this.#chunks ??= await this.#open();
    try {
      const { value, done } = await this.#chunks.next();
      return done ? Buffer.alloc(0) : value;
    } catch {
      this.#isDamaged = true;
      return Buffer.alloc(0);
    }
  }

  /** There is no way into the middle: it goes to the beginning, whatever the offset. */
  async seekLine(): Promise<void> {
    await this.#restart();
  }

  async resume({ offset, known }: Position): Promise<boolean> {
    await this.#restart();
    let before: Buffer = Buffer.alloc(0);
    for (let at = 0; at < offset; ) {
      const chunk = await this.read();
      if (chunk.length === 0) return false;
      const skipped = chunk.subarray(0, offset - at);
      before = Buffer.concat([before, skipped]).subarray(-known.length);
      at += skipped.length;
      if (skipped.length < chunk.length) this.#next = chunk.subarray(skipped.length);
    }
    return before.equals(known);
  }

  async close(): Promise<void> {
    await this.#restart();
    await this.#file.close();
  }

  async #restart(): Promise<void> {
    this.#chunks = undefined;
    this.#next = undefined;
    for (const stream of this.#streams.splice(0)) {
      if (stream.closed) continue;
      stream.destroy();
      await once(stream, "close");
    }
  }

  async #open(): Promise<AsyncIterator<Buffer>> {
    const { createGunzip } = await import("node:zlib");
    const stream = Readable.from(bytesOf(this.#file), { objectMode: false });
    const gunzip = createGunzip({ chunkSize: chunkBytes });
    stream.on("error", (error) => gunzip.destroy(error));
    this.#streams = [stream, stream.pipe(gunzip)];
    return gunzip[Symbol.asyncIterator]();
  }
}

async function* bytesOf(file: LogFile): AsyncGenerator<Buffer, void> {
  await file.seekLine(0);
  for (let chunk = await file.read(); chunk.length > 0; chunk = await file.read()) yield Buffer.from(chunk);
}
