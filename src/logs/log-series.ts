import { sleep } from "../async/abort.js";
import type { LogRecord } from "./format.js";
import { GzipFile } from "./gzip-file.js";
import { LogFile } from "./log-file.js";
import { firstTime, type LogSource } from "./log-source.js";
import { RecordParser } from "./record-parser.js";
import { type FoundFile, RenameAccount } from "./rename-account.js";
import { filesAfterTruncation, filesBetween, filesWithin } from "./successors.js";

/** A file of the series, and how far it is read. */
interface Reading extends FoundFile {
  readonly source: LogSource;
  readonly parser: RecordParser;
  /** Records before its first one are missing, or may be. */
  gapBefore: boolean;
  /** Which files come before it is to be found out. */
  isUnplaced: boolean;
  /** Whoever wrote to it when it was renamed has been given time. */
  isSettled: boolean;
  /** When its first bytes are there, others may have come and gone before, or itself been truncated. */
  isFresh: boolean;
}

/**
 * A runtime that was told to reopen its log may still be writing to the old file when the new one is there
 * already.
 */
const graceMs = 50;
/** For so long, the old file is looked at even then. */
const lateMs = 5_000;
/** No more files are held for a slow reader: one that was replaced takes room on the disk and has no name. */
const maxHeld = 64;

/** The files that come to lie at one path, one after the other, read as one series of records. */
export class LogSeries {
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  /** The one being read, and those after it. The last is what lay at the path when it was looked at. */
  readonly #readings: Reading[];
  /** The file that was left last, and whether nothing was found yet in those after it. */
  #late: { reading: Reading; until: number; isAwaited: boolean } | undefined;
  /** What was found there first: whoever wrote it had by then written all that is in the file that was left. */
  #held: LogRecord[] | undefined;
  /** When what was read last began. Rotated files that began later were not read. */
  #begunNs: bigint;
  readonly #looksBack: boolean;
  readonly #account: RenameAccount;
  #ready: LogRecord[] = [];

  /**
   * Reads these files first, and closes them in the end. With `begunNs` it looks for rotated files that began later
   * than that and before the first one it then finds at the path.
   */
  constructor(
    path: string,
    sources: readonly LogSource[],
    { signal, begunNs }: { signal?: AbortSignal | undefined; begunNs?: bigint | undefined },
  ) {
    this.#path = path;
    this.#signal = signal;
    this.#readings = sources.map((source) => this.#reading(source));
    this.#account = new RenameAccount(sources.length > 0);
    this.#begunNs = begunNs ?? 0n;
    this.#looksBack = begunNs !== undefined;
    const live = this.#readings.at(-1);
    if (live?.source instanceof LogFile) live.isFresh = this.#looksBack && live.source.position.offset === 0;
  }

  /** The next records, if need be from the next file; undefined at the end of all that there is now. */
  async read(): Promise<LogRecord[] | undefined> {
    for (;;) {
      if (this.#ready.length > 0) return this.#ready.splice(0);
      if (this.#held) {
        const late = await this.#readLate();
        if (late) return late;
        this.#ready.push(...this.#held);
        this.#held = undefined;
        continue;
      }
      const reading = this.#readings[0];
      if (!reading) return undefined;
      const { source, parser } = reading;
      const chunk = await source.read();
      if (chunk.length > 0) {
        if (reading.isFresh && source instanceof LogFile && (await this.#insertEarlier(reading, source)))
          continue;
        const records = this.#give(reading, parser.push(chunk));
        if (!this.#late?.isAwaited) return records;
        this.#late.isAwaited = false;
        this.#held = records;
        continue;
      }
      if (this.#readings[0] !== reading) continue;
      if (source instanceof LogFile && source.isTruncated) {
        await this.#startAgain(reading, source);
        continue;
      }
      const next = this.#readings[1];
      if (next?.isUnplaced && next.source instanceof LogFile) {
        await this.#place(reading, next, next.source);
        continue;
      }
      const late = await this.#readLate();
      if (late || (!next && this.#ready.length === 0)) return late;
      if (next) await this.#moveOn(reading, next);
    }
  }

  /** At the end of all that there was: whether another file lies at the path by now. */
  async advance(): Promise<boolean> {
    const newest = this.#readings.at(-1)?.source;
    if (this.#readings.length > 1) return true;
    if (newest instanceof LogFile && !(await newest.isReplacedAt(this.#path))) return false;
    await this.#account.complete();
    return this.notice() || this.#readings.length > 1;
  }

  /** Something was renamed to the path, or from it, just now. */
  onRename(): void {
    this.#account.add();
    this.notice();
  }

  /** Opens what lies at the path, if it is another file: at once, so that it cannot be missed. */
  notice(): boolean {
    const file = LogFile.open(this.#path);
    if (!file) return false;
    const isSame = ({ source }: Reading) => source.identity === file.identity;
    const newest = this.#readings.at(-1);
    if (newest && isSame(newest)) {
      void file.close();
      return false;
    }
    const known = this.#readings.find(isSame) ?? [this.#late?.reading].find((late) => late && isSame(late));
    if (known) {
      // A rotation was undone: the file is back, and goes on where it was read to.
      void file.close();
      if (known === this.#late?.reading) this.#late = undefined;
      else this.#readings.splice(this.#readings.indexOf(known), 1);
    }
    const isFirst = this.#readings.length === 0;
    const reading = { ...this.#reading(file), isUnplaced: !isFirst, isFresh: isFirst && this.#looksBack };
    this.#readings.push(known ?? reading);
    this.#account.find(known ?? reading);
    if (this.#readings.length > maxHeld) this.#letGo();
    return true;
  }

  /** Of the oldest that is not placed yet: the one behind it has come by a rename that is not its own. */
  #letGo(): void {
    const oldest = this.#readings.findIndex(({ isUnplaced }) => isUnplaced);
    const behind = this.#readings[oldest + 1];
    if (oldest <= 0 || !behind) return;
    behind.unaccounted += 1;
    void this.#readings.splice(oldest, 1)[0]?.source.close();
  }

  /** What lacks its end, when nothing more will be written. */
  end(): LogRecord[] {
    for (const reading of [this.#late?.reading, this.#readings[0]]) {
      if (reading) this.#ready.push(...this.#give(reading, reading.parser.end()));
    }
    return this.#ready.splice(0);
  }

  async close(): Promise<void> {
    const readings = this.#readings.splice(0);
    if (this.#late) readings.push(this.#late.reading);
    this.#late = undefined;
    for (const { source } of readings) await source.close();
  }

  #reading(source: LogSource): Reading {
    const parser = new RecordParser(this.#path, { beginsMidway: source.isMidway });
    return {
      source,
      parser,
      gapBefore: false,
      isUnplaced: false,
      isSettled: false,
      isFresh: false,
      unaccounted: 0,
    };
  }

  #give(reading: Reading, parsed: LogRecord[]): LogRecord[] {
    if (!reading.gapBefore) return parsed;
    const [first, ...others] = parsed;
    if (!first) return parsed;
    reading.gapBefore = false;
    return [{ ...first, gapBefore: true }, ...others];
  }

  /** The file has lost the path to another: finds out what came between, once it is read to its end. */
  async #place(reading: Reading, next: Reading, file: LogFile): Promise<void> {
    if (!reading.isSettled && this.#readings.length === 2) {
      reading.isSettled = true;
      await sleep(graceMs, this.#signal);
      return;
    }
    next.isUnplaced = false;
    const left = reading.source;
    const afterNs = firstTime(await left.head()) ?? this.#begunNs;
    await this.#account.complete();
    // A rename without a file: one had been replaced before it could be opened.
    const isDoubtful = () => next.unaccounted > 0;
    const { files, isComplete } = await filesBetween(this.#path, { left, next: file, afterNs, isDoubtful });
    const readings = [...files.map((source) => this.#reading(source)), next];
    if (!isComplete && readings[0]) readings[0].gapBefore = true;
    this.#readings.splice(this.#readings.indexOf(next), 1, ...readings);
  }

  async #moveOn(reading: Reading, next: Reading): Promise<void> {
    const isDamaged = reading.source instanceof GzipFile && reading.source.isDamaged;
    if (reading.gapBefore || isDamaged) next.gapBefore = true;
    this.#readings.splice(this.#readings.indexOf(reading), 1);
    await this.#leaveLate();
    this.#late = { reading, until: performance.now() + lateMs, isAwaited: true };
    if (reading.source instanceof GzipFile || (await isTornForGood(reading))) await this.#leaveLate();
  }

  async #readLate(): Promise<LogRecord[] | undefined> {
    if (!this.#late) return undefined;
    const { reading, until } = this.#late;
    const chunk = await reading.source.read();
    if (chunk.length > 0) return this.#give(reading, reading.parser.push(chunk));
    if (performance.now() > until) await this.#leaveLate();
    return undefined;
  }

  async #leaveLate(): Promise<void> {
    const reading = this.#late?.reading;
    if (!reading) return;
    this.#late = undefined;
    this.#ready.push(...this.#give(reading, reading.parser.end()));
    await reading.source.close();
  }

  /** After a truncation: first what its copies hold that was not read, then the file from its beginning. */
  async #startAgain(reading: Reading, file: LogFile): Promise<void> {
    // What was never read can be found as a copy like others.
    const begunNs = file.position.offset > 0 ? firstTime(await file.head()) : undefined;
    this.#begunNs = begunNs ?? this.#begunNs;
    const { files, goesOn } = await filesAfterTruncation(this.#path, { file, afterNs: this.#begunNs });
    if (!goesOn) this.#ready.push(...this.#give(reading, reading.parser.end()));
    // What was written after a copy was made and before the file was emptied is lost, and nothing tells of it.
    const readings = files.map((source) => ({ ...this.#reading(source), gapBefore: true }));
    if (goesOn && readings[0])
      Object.assign(readings[0], { parser: reading.parser, gapBefore: reading.gapBefore });
    const again = { ...this.#reading(file), gapBefore: true, isFresh: true };
    this.#readings.splice(this.#readings.indexOf(reading), 1, ...readings, again);
    await this.#setBegun(files);
  }

  /** At the first bytes of the first file, or after a truncation: what came before them and was not read. */
  async #insertEarlier(reading: Reading, file: LogFile): Promise<boolean> {
    const beforeNs = firstTime(await file.head());
    const files = beforeNs === undefined ? [] : await filesWithin(this.#path, this.#begunNs, beforeNs);
    await this.#account.complete();
    // Each of them came to the path and left it. Otherwise some are gone, or are copies of what was truncated.
    const isComplete = reading.unaccounted === 2 * files.length;
    reading.isFresh = files.length > 0 && !isComplete;
    reading.gapBefore ||= !isComplete;
    if (files.length === 0) return false;
    await file.seekLine(0);
    const readings = files.map((source) => ({ ...this.#reading(source), gapBefore: !isComplete }));
    this.#readings.splice(this.#readings.indexOf(reading), 0, ...readings);
    await this.#setBegun(files);
    return true;
  }

  async #setBegun(files: readonly LogSource[]): Promise<void> {
    const last = files.at(-1);
    if (last) this.#begunNs = firstTime(await last.head()) ?? this.#begunNs;
  }
}

/** Nobody ends its last line any more: what is in the next file is to come after it. */
async function isTornForGood({ source, parser }: Reading): Promise<boolean> {
  return parser.isTorn && source instanceof LogFile && (await source.idleMs()) > lateMs;
}
