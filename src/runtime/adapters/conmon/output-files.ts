import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";

import { deferred } from "../../../async/deferred.js";
import { CriError } from "../../../errors.js";

const chunkBytes = 64 * 1024;

interface Held {
  readonly handle: FileHandle;
  readonly inode: bigint;
  offset: number;
}

/**
 * The files that a monitor writes to one path, from now on. It replaces a full one by an empty one without a thought
 * for readers, so each is opened as it comes and held until it is read. A file that was missed is an error, never a
 * gap: the kernel tells of every one.
 */
export class OutputFiles {
  readonly #path: string;
  readonly #most: number;
  readonly #held: Held[];
  readonly #watcher: FSWatcher;
  #holding: Promise<void> = Promise.resolve();
  #lost: CriError | undefined;
  #change = deferred<void>();

  private constructor(path: string, most: number, first: Held) {
    this.#path = path;
    this.#most = most;
    this.#held = [first];
    const name = basename(path);
    this.#watcher = watch(dirname(path), (event, changed) => {
      if (changed !== name) return;
      if (event === "rename") this.#holding = this.#holding.then(() => this.#hold());
      this.#wake();
    });
    this.#watcher.on("error", (cause) => this.#lose(`The container's output cannot be watched: ${cause}`));
  }

  /** Holds `most` files at a time. The first is read from the end of what is in it by now. */
  static async follow(path: string, most: number): Promise<OutputFiles> {
    for (;;) {
      const first = await hold(path);
      const files = new OutputFiles(path, most, first);
      try {
        // Nothing has told of a file that came before the watch.
        if ((await stat(path, { bigint: true })).ino === first.inode) {
          first.offset = await endOfLines(first.handle);
          return files;
        }
      } catch (error) {
        await files.close();
        throw error;
      }
      await files.close();
    }
  }

  /** Resolves at the next thing that happens to the files. To be asked for before `read`, which it is to follow. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  /** The next bytes; undefined when there are none yet. Throws when some were lost. */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const [current] = this.#held;
      if (!current) return undefined;
      // Asked for before the read: what lies behind a later file is complete.
      const isComplete = this.#held.length > 1;
      const { bytesRead, buffer } = await current.handle.read({
        buffer: Buffer.allocUnsafe(chunkBytes),
        position: current.offset,
      });
      current.offset += bytesRead;
      if (bytesRead > 0) return buffer.subarray(0, bytesRead);
      if (!isComplete) break;
      this.#held.shift();
      await current.handle.close();
    }
    if (this.#lost) throw this.#lost;
    return undefined;
  }

  async close(): Promise<void> {
    this.#watcher.close();
    await this.#holding;
    for (const { handle } of this.#held.splice(0)) await handle.close();
  }

  async #hold(): Promise<void> {
    if (this.#lost) return;
    try {
      const next = await hold(this.#path);
      const isNew = next.inode !== this.#held.at(-1)?.inode;
      if (isNew && this.#held.length < this.#most) this.#held.push(next);
      else {
        await next.handle.close();
        const why = isNew
          ? "more slowly than the container writes"
          : "while the machine was too busy to keep it";
        this.#lose(`Output was lost, as it was read ${why}: attach anew, or give the container a log_path`);
      }
    } catch (error) {
      this.#lose(`The container's output cannot be read: ${error}`);
    }
    this.#wake();
  }

  #lose(message: string): void {
    this.#lost ??= new CriError("resource_exhausted", message);
    this.#wake();
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = deferred();
  }
}

async function hold(path: string): Promise<Held> {
  const handle = await open(path, "r");
  try {
    return { handle, inode: (await handle.stat({ bigint: true })).ino, offset: 0 };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The monitor may be in the middle of a line. */
async function endOfLines(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const start = Math.max(size - chunkBytes, 0);
  const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(chunkBytes), position: start });
  return start + buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
}
