import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";

import { deferred } from "../../../async/deferred.js";
import { CriError } from "../../../errors.js";

const chunkBytes = 64 * 1024;
/** The kernel tells of changes, but drops what it has to tell when that is too much. */
const pollMs = 1_000;

interface Held {
  readonly handle: FileHandle;
  readonly inode: bigint;
  offset: number;
}

/**
 * The files that a monitor writes to one path, from now on. It replaces a full one by an empty one without a thought
 * for readers, so each is opened as it comes and held until it is read. A file that was missed is an error, never a
 * gap.
 */
export class OutputFiles {
  readonly #path: string;
  readonly #most: number;
  readonly #held: Held[];
  readonly #watcher: FSWatcher;
  readonly #poll: NodeJS.Timeout;
  #looking: Promise<void> = Promise.resolve();
  #lost: CriError | undefined;
  #change = deferred<void>();

  private constructor(path: string, most: number, first: Held) {
    this.#path = path;
    this.#most = most;
    this.#held = [first];
    const name = basename(path);
    this.#watcher = watch(dirname(path), (event, changed) => {
      if (changed !== name) return;
      if (event === "rename") void this.#look();
      this.#wake();
    });
    this.#poll = setInterval(() => this.#wake(), pollMs);
    this.#watcher.on("error", (cause) => this.#lose(`The container's output cannot be watched: ${cause}`));
  }

  /** Holds `most` files at a time. The first is read from the end of what is in it by now. */
  static async follow(path: string, most: number): Promise<OutputFiles> {
    const first = await hold(path);
    try {
      first.offset = await endOfLines(first.handle);
      return new OutputFiles(path, most, first);
    } catch (error) {
      await first.handle.close();
      throw error;
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
      if (isComplete) {
        this.#held.shift();
        await current.handle.close();
        continue;
      }
      if (this.#lost) throw this.#lost;
      if ((await inodeAt(this.#path)) === current.inode) return undefined;
      await this.#look();
    }
  }

  async close(): Promise<void> {
    this.#watcher.close();
    clearInterval(this.#poll);
    await this.#looking;
    for (const { handle } of this.#held.splice(0)) await handle.close();
  }

  /** Holds what lies at the path by now, if that is another file. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      try {
        if (!this.#lost) await this.#holdNext();
      } catch (error) {
        this.#lose(`The container's output cannot be read: ${error}`);
      }
      this.#wake();
    });
    return this.#looking;
  }

  async #holdNext(): Promise<void> {
    const last = this.#held.at(-1);
    const next = await hold(this.#path);
    const isNew = next.inode !== last?.inode;
    const isNext = isNew && last !== undefined && (await follows(next, last));
    if (isNext && this.#held.length < this.#most) {
      this.#held.push(next);
      return;
    }
    await next.handle.close();
    if (!isNew) return;
    const why = isNext ? "more slowly than the container writes" : "by a machine too busy to keep it";
    this.#lose(`Output was lost, as it was read ${why}: attach anew, or give the container a log_path`);
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

/** Nothing lay between them: one was made before the other lost its name, which is when a file was renamed over it. A file system that keeps no time of birth is taken at its word. */
async function follows(next: Held, last: Held): Promise<boolean> {
  const { birthtimeNs } = await next.handle.stat({ bigint: true });
  const { ctimeNs } = await last.handle.stat({ bigint: true });
  return birthtimeNs <= ctimeNs;
}

async function inodeAt(path: string): Promise<bigint> {
  return (await stat(path, { bigint: true })).ino;
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
