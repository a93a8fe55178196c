import { closeSync, fstat, fstatSync, openSync, read, stat } from "node:fs";
import { promisify } from "node:util";
import { beginAlike, headBytes, type LogSource, type Position } from "./log-source.js";

const chunkBytes = 128 * 1024;
/** Two lines that are alike in so many bytes, their times among them, are one. */
const knownBytes = 128;
const newline = 0x0a;

const readAt = promisify(read);
const statPath = promisify(stat);
const statHeld = promisify(fstat);

/** A plain file. It may grow while it is read, and be truncated. */
export class LogFile implements LogSource {
  readonly #fd: number;
  readonly identity: string;
  sizeBytes: number;
  readonly writtenNs: bigint;
  readonly #createdNs: bigint;

  #head: Buffer | undefined;
  /** The bytes before the offset, at the beginning of the buffer. */
  #known: Buffer = Buffer.alloc(0);
  #offset = 0;
  /** Where the next read goes to; what the last one gave lies in the other, if there is one. */
  #buffer: Buffer | undefined;
  #otherBuffer: Buffer | undefined;
  /** The next read, begun while the last one is looked at. */
  #ahead: Promise<Buffer> | undefined;
  #isTruncated = false;
  #isClosed = false;

  private constructor(fd: number) {
    const stats = fstatSync(fd, { bigint: true });
    this.#fd = fd;
    this.identity = `${stats.dev}:${stats.ino}`;
    this.sizeBytes = Number(stats.size);
    this.writtenNs = stats.mtimeNs;
    this.#createdNs = stats.birthtimeNs;
  }

  /**
   * Undefined when there is no file at the path. Not asynchronous, so that it can be called at the moment when
   * the path is known to have changed.
   */
  static open(path: string): LogFile | undefined {
    let fd: number;
    try {
      fd = openSync(path, "r");
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    return new LogFile(fd);
  }

  /** What was read so far no longer stands in the file: it was emptied, and may have been filled again. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  get isMidway(): boolean {
    return this.#offset > 0;
  }

  get position(): Position {
    return { offset: this.#offset, known: this.#known };
  }

  async head(): Promise<Buffer> {
    if (!this.#head?.length) this.#head = await this.#readAt(0, Buffer.allocUnsafe(headBytes));
    return this.#head;
  }

  /** Nothing as well when the file was truncated: see `isTruncated`. */
  async read(): Promise<Buffer> {
    if (this.#isTruncated) return Buffer.alloc(0);
    const known = this.#known;
    const bytes = await this.#readOn();
    const isSame =
      bytes.subarray(0, known.length).equals(known) && (this.#offset > 0 || this.#beginsAsBefore(bytes));
    if (!isSame) {
      this.#isTruncated = true;
      return Buffer.alloc(0);
    }
    if (this.#offset === 0) this.#head = Buffer.from(bytes.subarray(0, headBytes));
    const fresh = bytes.subarray(known.length);
    this.#offset += fresh.length;
    if (fresh.length > 0) this.#known = Buffer.from(bytes.subarray(-knownBytes));
    if (bytes.length === this.#buffer?.length) this.#readAhead();
    return fresh;
  }

  async seekLine(offset: number): Promise<void> {
    await this.head();
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let at = Math.max(offset - 1, 0);
    for (let end = -1; offset > 0 && end < 0; ) {
      const bytes = await this.#readAt(at, buffer);
      if (bytes.length === 0) break;
      end = bytes.indexOf(newline);
      at += end < 0 ? bytes.length : end + 1;
    }
    const length = Math.min(knownBytes, at);
    const known = await this.#readAt(at - length, Buffer.allocUnsafe(length));
    await this.#goTo({ offset: at, known });
    if (known.length < length) this.#isTruncated = true;
  }

  /** Goes to the end of the last whole line: whoever writes may be in the middle of the next. */
  async skipToEnd(): Promise<void> {
    const buffer = Buffer.allocUnsafe(headBytes);
    let start = this.sizeBytes;
    let end = -1;
    while (start > 0 && end < 0) {
      const block = buffer.subarray(0, Math.min(start, buffer.length));
      start -= block.length;
      end = (await this.#readAt(start, block)).lastIndexOf(newline);
    }
    await this.seekLine(start + end + 1);
  }

  async resume(position: Position): Promise<boolean> {
    const { offset, known } = position;
    const bytes = await this.#readAt(offset - known.length, Buffer.allocUnsafe(known.length));
    if (!bytes.equals(known)) return false;
    await this.#goTo(position);
    return true;
  }

  /** Read from the beginning again, after a truncation. */
  async rewind(): Promise<void> {
    await this.#goTo({ offset: 0, known: Buffer.alloc(0) });
    this.#isTruncated = false;
    this.#head = undefined;
    this.sizeBytes = 0;
    await this.head();
  }

  /** Whether another file lies at the path; false as well when none does. */
  async isReplacedAt(path: string): Promise<boolean> {
    try {
      const { dev, ino } = await statPath(path, { bigint: true });
      return `${dev}:${ino}` !== this.identity;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /**
   * Whether it is certain that no other file lay between at the path: the next one was made before this one lost
   * its last name, which is when a file was renamed over it.
   */
  async wasReplacedBy(next: LogFile): Promise<boolean> {
    const { nlink, ctimeNs } = await statHeld(this.#fd, { bigint: true });
    return nlink === 0n && next.#createdNs > 0n && next.#createdNs <= ctimeNs;
  }

  /** How long ago it was written to, in milliseconds. */
  async idleMs(): Promise<number> {
    const { mtimeNs } = await statHeld(this.#fd, { bigint: true });
    return Date.now() - Number(mtimeNs / 1_000_000n);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#ahead) await this.#dropAhead();
    closeSync(this.#fd);
  }

  async #goTo({ offset, known }: Position): Promise<void> {
    await this.#dropAhead();
    this.#offset = offset;
    this.#known = known;
  }

  /** What is known, and what follows it. */
  async #readOn(): Promise<Buffer> {
    const begun = this.#ahead;
    this.#ahead = undefined;
    const ahead = await begun;
    // That there was nothing more when it was read says nothing of now.
    if (ahead && ahead.length > this.#known.length) return ahead;
    this.#buffer ??= Buffer.allocUnsafe(knownBytes + chunkBytes);
    return this.#readAt(this.#offset - this.#known.length, this.#buffer);
  }

  #readAhead(): void {
    const buffer = this.#otherBuffer ?? Buffer.allocUnsafe(knownBytes + chunkBytes);
    this.#otherBuffer = this.#buffer;
    this.#buffer = buffer;
    this.#ahead = this.#readAt(this.#offset - this.#known.length, buffer);
    this.#ahead.catch(() => {}); // Thrown by the next read, if there is one.
  }

  async #dropAhead(): Promise<void> {
    await this.#ahead?.catch(() => {});
    this.#ahead = undefined;
  }

  #beginsAsBefore(bytes: Buffer): boolean {
    return !this.#head?.length || beginAlike(bytes, this.#head);
  }

  async #readAt(offset: number, buffer: Buffer): Promise<Buffer> {
    if (buffer.length === 0) return buffer;
    const { bytesRead } = await readAt(this.#fd, buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead);
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
