import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { KeyedLock } from "../../async/keyed-lock.js";
import { CriError } from "../../errors.js";

/** What every record has. `id` is also the name of its directory. */
export interface Identified {
  readonly id: string;
}

export interface StoreOptions {
  /** Where the records lie: one directory per record, `DIRECTORY/ID/record.json`. */
  directory: string;
  /** What the records are, for messages: `sandbox`, `container`, `image`. */
  kind: string;
  /** The version of the record's shape. A file with another one is refused, so that nothing is lost. */
  version: number;
  /** Wait for the disk on every write. Only for what must outlive the host, not just the daemon. */
  durable?: boolean;
}

interface RecordFile<T> {
  version: number;
  record: T;
}

const fileName = "record.json";

/**
 * The records of one kind: in memory for reading, on disk before a write is done. A write goes to a temporary
 * file that is renamed over the old one, so that a reader, or a daemon started after a crash, sees the old
 * record or the new one and never a part of either.
 */
export class RecordStore<T extends Identified> {
  readonly #options: StoreOptions;
  readonly #records = new Map<string, T>();
  readonly #writes = new KeyedLock();

  private constructor(options: StoreOptions) {
    this.#options = options;
  }

  /**
   * Reads all records. A directory without a readable record is one that was being made or removed when the
   * daemon died: its name is in `incomplete`, for `recover` to clear away.
   */
  static async open<T extends Identified>(
    options: StoreOptions,
  ): Promise<{ store: RecordStore<T>; incomplete: string[] }> {
    const store = new RecordStore<T>(options);
    const incomplete: string[] = [];
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    for (const id of await readdir(options.directory)) {
      const record = await store.#read(id);
      if (record) store.#records.set(id, record);
      else incomplete.push(id);
    }
    return { store, incomplete };
  }

  get(id: string): T | undefined {
    return this.#records.get(id);
  }

  list(): T[] {
    return [...this.#records.values()];
  }

  /** The directory of a record, for files that live and die with it. */
  directory(id: string): string {
    return join(this.#options.directory, id);
  }

  /** Writes a new record or replaces the one of the same id. */
  put(record: T): Promise<void> {
    return this.#writes.run(record.id, () => this.#write(record));
  }

  async #write(record: T): Promise<void> {
    const directory = this.directory(record.id);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const content: RecordFile<T> = { version: this.#options.version, record };
    const temporary = join(directory, `.${fileName}.tmp`);
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(content));
      if (this.#options.durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(directory, fileName));
    this.#records.set(record.id, record);
  }

  /**
   * Changes some fields of a record and writes it. Changes made at the same time do not undo each other.
   * Throws when there is no such record.
   */
  update(id: string, change: Partial<T>): Promise<T> {
    return this.#writes.run(id, async () => {
      const before = this.#records.get(id);
      if (!before) throw new CriError("internal", `No ${this.#options.kind} record ${id} to update`);
      const after = { ...before, ...change };
      await this.#write(after);
      return after;
    });
  }

  /** Removes the record and its whole directory. An absent one counts as done. */
  remove(id: string): Promise<void> {
    return this.#writes.run(id, async () => {
      // The record goes first: a directory without one is known to be on its way out.
      await rm(join(this.directory(id), fileName), { force: true });
      this.#records.delete(id);
      await rm(this.directory(id), { recursive: true, force: true });
    });
  }

  async #read(id: string): Promise<T | undefined> {
    const path = join(this.directory(id), fileName);
    let content: RecordFile<T>;
    try {
      content = JSON.parse(await readFile(path, "utf8"));
    } catch (error) {
      // No file, or one cut short by a host that lost power. Anything else must not look like a lost record.
      if (
        error instanceof SyntaxError ||
        (error instanceof Error && "code" in error && error.code === "ENOENT")
      ) {
        return undefined;
      }
      throw error;
    }
    const { version: known } = this.#options;
    if (content.version === known) return content.record;
    const age = content.version > known ? "a newer" : "an older";
    throw new CriError(
      "failed_precondition",
      `${path} was written by ${age} crikit-runtime (record version ${content.version}, this one knows ${known}): run that one, or choose another --root`,
    );
  }
}
