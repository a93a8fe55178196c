import { type DirectoryUsage, measureDirectories } from "./disk-usage.js";

export interface MeasuredUsage extends DirectoryUsage {
  /** Milliseconds since the epoch. */
  measuredAt: number;
}

export interface DiskUsageCacheOptions {
  /** How old a figure may be before it is measured again. 10 s unless given: kubelet asks as often. */
  maxAgeMs?: number;
  /** How long an answer waits for a measurement. 2 s unless given. */
  patienceMs?: number;
  measure?: typeof measureDirectories;
}

interface Entry {
  usage: MeasuredUsage | undefined;
  freshUntil: number;
}

/** Measuring may take a tenth of the time at most, however many files there are. */
const restPerMeasuring = 10;
/** What nobody asks for any more is forgotten. */
const forgetMs = 10 * 60_000;

/**
 * Usage of directories, measured when somebody asks. Whoever asks at the same time is served by the same
 * measurement, and there is one at a time, of all directories that are due.
 */
export class DiskUsageCache {
  readonly #entries = new Map<string, Entry>();
  readonly #due = new Set<string>();
  #rounds: Promise<void> = Promise.resolve();
  readonly #maxAgeMs: number;
  readonly #patienceMs: number;
  readonly #measure: typeof measureDirectories;

  constructor(options: DiskUsageCacheOptions = {}) {
    this.#maxAgeMs = options.maxAgeMs ?? 10_000;
    this.#patienceMs = options.patienceMs ?? 2000;
    this.#measure = options.measure ?? measureDirectories;
  }

  /**
   * By path. When measuring takes longer than the patience, a directory has its last figure, or none. One
   * that is not there has none either.
   */
  async of(directories: readonly string[]): Promise<Map<string, MeasuredUsage>> {
    const stale = directories.filter((path) => !this.#isFresh(path));
    if (stale.length > 0) await within(this.#patienceMs, this.#refresh(stale));
    const found = new Map<string, MeasuredUsage>();
    for (const path of directories) {
      const usage = this.#entries.get(path)?.usage;
      if (usage) found.set(path, usage);
    }
    return found;
  }

  #isFresh(path: string): boolean {
    return (this.#entries.get(path)?.freshUntil ?? 0) > performance.now();
  }

  /** The round that this adds measures what no round before it has taken up. */
  #refresh(directories: readonly string[]): Promise<void> {
    for (const path of directories) this.#due.add(path);
    this.#rounds = this.#rounds.then(() => this.#measureDue());
    return this.#rounds;
  }

  async #measureDue(): Promise<void> {
    const due = [...this.#due].filter((path) => !this.#isFresh(path));
    this.#due.clear();
    if (due.length === 0) return;
    const [start, measuredAt] = [performance.now(), Date.now()];
    // No figures are an answer too: those who asked are not to fail for the want of one.
    const measured = await this.#measure(due).catch(() => new Map<string, DirectoryUsage>());
    const end = performance.now();
    const freshUntil = end + Math.max(this.#maxAgeMs, (end - start) * restPerMeasuring);
    for (const path of due) {
      const usage = measured.get(path);
      this.#entries.set(path, { usage: usage && { ...usage, measuredAt }, freshUntil });
    }
    this.#forget(end);
  }

  #forget(now: number): void {
    for (const [path, { freshUntil }] of this.#entries) {
      if (freshUntil + forgetMs < now) this.#entries.delete(path);
    }
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
