import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GzipFile } from "./gzip-file.js";
import { isMissing, LogFile } from "./log-file.js";
import { firstTime, isSameLog, type LogSource } from "./log-source.js";

/** The clock of files may lag behind that of records. */
const clockSlackNs = 1_000_000_000n;

interface OpenedFile {
  readonly name: string;
  readonly source: LogSource;
}

/** A file that a rotation has made of a log, open. */
export interface RotatedFile extends OpenedFile {
  /** The time of its first record; of an empty file, when it was last written to. */
  readonly firstNs: bigint;
}

/**
 * The files beside a log that rotations have made of it, oldest first: kubelet's `0.log.20260102-030405`, Docker's
 * and logrotate's `0.log.1`, `0.log-20260102`, and the same as `.gz`. Their own times put them in order, for each
 * rotator has names of its own. What holds no log, or nothing since `sinceNs`, is left out. The caller closes them.
 */
export async function openRotatedFiles(path: string, sinceNs = 0n): Promise<RotatedFile[]> {
  const opened: OpenedFile[] = [];
  try {
    // Again until nothing new is found: names may be given on to other files while they are looked through.
    while (await openNames(path, sinceNs, opened)) {}
    const files: RotatedFile[] = [];
    for (const file of opened) {
      const firstNs = await firstTimeOf(file.source);
      if (firstNs === undefined) await file.source.close();
      else files.push({ ...file, firstNs });
    }
    return await withoutCopies(files.sort(oldestFirst));
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function openNames(path: string, sinceNs: bigint, opened: OpenedFile[]): Promise<boolean> {
  const before = opened.length;
  for (const name of await rotatedNames(path)) {
    const source = openFile(join(dirname(path), name));
    if (!source) continue;
    const isKnown = opened.some(({ source: { identity } }) => identity === source.identity);
    if (isKnown || source.writtenNs + clockSlackNs < sinceNs) await source.close();
    else opened.push({ name, source });
  }
  return opened.length > before;
}

async function firstTimeOf(source: LogSource): Promise<bigint | undefined> {
  const head = await source.head();
  return head.length > 0 ? firstTime(head) : source.writtenNs;
}

/** One that is being compressed may have been found both ways. */
async function withoutCopies(sorted: readonly RotatedFile[]): Promise<RotatedFile[]> {
  const files: RotatedFile[] = [];
  for (const file of sorted) {
    const before = files.at(-1);
    if (before && (await isSameLog(before.source, file.source))) await file.source.close();
    else files.push(file);
  }
  return files;
}

export async function closeAll(files: readonly { readonly source: LogSource }[]): Promise<void> {
  for (const { source } of files) await source.close();
}

async function rotatedNames(path: string): Promise<string[]> {
  const base = basename(path);
  const entries = await readdir(dirname(path), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const suffixes = new Set(
    entries.flatMap((entry) =>
      entry.isFile() && entry.name.startsWith(base) ? [entry.name.slice(base.length)] : [],
    ),
  );
  const rotated = [...suffixes].filter((suffix) => {
    if (!/^(\..|-\d{8})/.test(suffix) || suffix.endsWith(".tmp") || numbered.test(suffix)) return false;
    // What is being compressed is whole until it is removed, and its copy is not until then, with some rotators.
    return !(suffix.endsWith(".gz") && suffixes.has(suffix.slice(0, -".gz".length)));
  });
  return [...numberedSuffixes(suffixes), ...rotated].map((suffix) => `${base}${suffix}`);
}

const numbered = /^\.([1-9]\d{0,3})(\.gz)?$/;

/**
 * Files that get the next number with each rotation may be on their way between two names while a directory is
 * listed. Who tries all numbers, rising, meets each of them.
 */
function numberedSuffixes(suffixes: Iterable<string>): string[] {
  const numbers = [...suffixes].map((suffix) => Number(numbered.exec(suffix)?.[1] ?? 0));
  const highest = Math.max(0, ...numbers);
  return highest === 0 ? [] : Array.from({ length: highest + 1 }, (_, index) => `.${index + 1}`);
}

/** Undefined when it is gone. One that was compressed just now is read so. */
function openFile(path: string): LogSource | undefined {
  if (path.endsWith(".gz")) return GzipFile.open(path);
  return LogFile.open(path) ?? GzipFile.open(`${path}.gz`);
}

function oldestFirst(a: RotatedFile, b: RotatedFile): number {
  if (a.firstNs !== b.firstNs) return a.firstNs < b.firstNs ? -1 : 1;
  // The higher a number, the older; the higher a date, the newer.
  const order = a.name.localeCompare(b.name, "en", { numeric: true });
  return /\.\d{1,4}(\.gz)?$/.test(a.name) ? -order : order;
}
