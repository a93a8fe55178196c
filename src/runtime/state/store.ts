import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { KeyedLock } from "../../async/keyed-lock.js";
import { CriError } from "../../errors.js";
import { isFullDisk } from "../../wire/full-disk.js";
import { makeDirectory } from "../make-directory.js";
import { withRoom, writeOver } from "./write-over.js";

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

export interface Opened<T extends Identified> {
  store: RecordStore<T>;
  /**
   * Directories without a whole record: they were being made or removed when the daemon died, or the host lost
   * power. For `recover` to clear away.
   */
  incomplete: string[];
}

interface RecordFile<T> {
  version: number;
  record: T;
}

/** Told of a change once it is written; undefined stands for no record. */
export type RecordObserver<T> = (before: T | undefined, after: T | undefined) => void;

const fileName = "record.json";

/**
 * The records of one kind: in memory for reading, on disk before a write is done. A write goes to a temporary
 * file that is renamed over the old one, so that a reader, or a daemon started after a crash, sees the old
 * record or the new one and never a part of either.
 */
export class RecordStore<T extends Identified> {
  readonly #options: StoreOptions;
  readonly #records = new Map<string, T>();
  readonly #unreadable = new Map<string, unknown>();
  readonly #writes = new KeyedLock();
  #observer: RecordObserver<T> = () => {};

  private constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Reads all records. Throws when one was written by another version. */
  static async open<T extends Identified>(options: StoreOptions): Promise<Opened<T>> {
    const store = new RecordStore<T>(options);
    const incomplete: string[] = [];
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    for (const id of await readdir(options.directory)) {
      const record = await store.#read(id);
      if (record) store.#records.set(id, record);
      else if (!store.#unreadable.has(id)) incomplete.push(id);
    }
    return { store, incomplete };
  }

  /** Has one observer told of every change from now on. */
  observe(observer: RecordObserver<T>): void {
    this.#observer = observer;
  }

  /** By ID, what the disk would not give, and why. It may be whole: nothing of it may be cleared away. */
  get unreadable(): ReadonlyMap<string, unknown> {
    return this.#unreadable;
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
    const before = this.#records.get(record.id);
    const made = before ? undefined : await makeDirectory(directory, { mode: 0o700 });
    const content: RecordFile<T> = { version: this.#options.version, record };
    const text = JSON.stringify(content);
    const [path, temporary] = [join(directory, fileName), join(directory, `.${fileName}.tmp`)];
    try {
      await this.#writeFile(temporary, withRoom(text));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      // It would stay until the next start, and with each try there would be another.
      if (made === directory) await rm(directory, { recursive: true, force: true });
      if (!before || this.#options.durable || !isFullDisk(error) || !(await writeOver(path, text)))
        throw error;
    }
    this.#records.set(record.id, record);
    this.#observer(before, record);
  }

  async #writeFile(path: string, content: string): Promise<void> {
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile(content);
      if (this.#options.durable) await file.sync();
    } finally {
      await file.close();
    }
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
      const before = this.#records.get(id);
      this.#records.delete(id);
      try {
        await rm(this.directory(id), { recursive: true, force: true });
      } finally {
        if (before) this.#observer(before, undefined);
      }
    });
  }

  async #read(id: string): Promise<T | undefined> {
    const path = join(this.directory(id), fileName);
    try {
      const { version, record } = parse<T>(await readFile(path, "utf8"));
      if (version !== undefined) this.#checkVersion(version, path);
      return version !== undefined && record?.id === id ? record : undefined;
    } catch (error) {
      if (error instanceof CriError) throw error;
      if (!isErrno(error, "ENOENT") && !isErrno(error, "ENOTDIR")) this.#unreadable.set(id, error);
      return undefined;
    }
  }

  #checkVersion(version: number, path: string): void {
    const known = this.#options.version;
    if (version === known) return;
    const age = version > known ? "a newer" : "an older";
    throw new CriError(
      "failed_precondition",
      `${path} was written by ${age} crikit-runtime (record version ${version}, this one knows ${known}): run that one, or choose another --root`,
    );
  }
}

/** Of a text that is no record file, nothing. */
function parse<T>(text: string): Partial<RecordFile<T>> {
  try {
    const content: Partial<RecordFile<T>> | null = JSON.parse(text);
    return typeof content?.version === "number" ? content : {};
  } catch {
    return {};
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
