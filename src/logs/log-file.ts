import { type FileHandle, open, stat } from "node:fs/promises";

/** More than any runtime writes in one piece. */
const longestRecordBytes = 64 * 1024;

/** What became of a file that is held open, at the path it was opened by. */
export type FileChange = "none" | "truncated" | "replaced" | "missing";

/**
 * One log file, read forward and held open: what is written to it after its path was renamed or given to a
 * new file can still be read.
 */
export class LogFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #identity: string;
  #offset = 0;

  private constructor(path: string, handle: FileHandle, identity: string) {
    this.#path = path;
    this.#handle = handle;
    this.#identity = identity;
  }

  /** Undefined when there is no file at the path. */
  static async open(path: string): Promise<LogFile | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(path, "r");
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    try {
      const { dev, ino } = await handle.stat({ bigint: true });
      return new LogFile(path, handle, `${dev}:${ino}`);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The next bytes, as many as are there and fit into `buffer`; none at the end of the file. */
  async read(buffer: Buffer): Promise<Buffer> {
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#offset);
    this.#offset += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  async check(): Promise<FileChange> {
    const held = await this.#handle.stat();
    if (held.size < this.#offset) return "truncated";
    try {
      const { dev, ino } = await stat(this.#path, { bigint: true });
      return `${dev}:${ino}` === this.#identity ? "none" : "replaced";
    } catch (error) {
      if (isMissing(error)) return "missing";
      throw error;
    }
  }

  /** Goes to the end of the last whole line: whoever writes may be in the middle of the next. */
  async skipToEnd(): Promise<void> {
    const { size } = await this.#handle.stat();
    const tail = Buffer.alloc(Math.min(size, longestRecordBytes));
    const { bytesRead } = await this.#handle.read(tail, 0, tail.length, size - tail.length);
    this.#offset = size - tail.length + tail.subarray(0, bytesRead).lastIndexOf("\n") + 1;
  }

  /** Read from the beginning again, after a truncation. */
  rewind(): void {
    this.#offset = 0;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
