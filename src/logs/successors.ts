import { LogFile } from "./log-file.js";
import { firstTime, isSameLog, type LogSource } from "./log-source.js";
import { closeAll, openRotatedFiles, type RotatedFile } from "./rotated-files.js";

/** Files to be read in this order, open; what they are taken from is closed. */
interface Found {
  files: LogSource[];
}

/**
 * The rotated files that are older than what lies at the path, without those that end before `sinceNs`. There is
 * none other that began by `begunNs`.
 */
export function filesBefore(
  path: string,
  live: LogFile | undefined,
  sinceNs = 0n,
): Promise<Found & { begunNs: bigint }> {
  return choose({ path, afterNs: sinceNs }, async (rotated) => {
    const older = await until(rotated, live);
    return { files: older.map(({ source }) => source), begunNs: older.at(-1)?.firstNs ?? sinceNs };
  });
}

export interface Succession {
  left: LogSource;
  next: LogFile;
  /** When `left` began. */
  afterNs: bigint;
  /** More files may have been put in place than were seen. */
  isDoubtful(): boolean;
}

/**
 * What was written to the log after `left` and before `next`, where more than one rotation passed between two
 * looks. `isComplete` tells whether it is certain that nothing else was.
 */
export function filesBetween(
  path: string,
  { left, next, afterNs, isDoubtful }: Succession,
): Promise<Found & { isComplete: boolean }> {
  return choose({ path, afterNs }, async (rotated) => {
    const older = await until(rotated, next);
    const at = await lastIndexOf(older, left);
    const later = at >= 0 ? older.slice(at + 1) : older;
    const files = await begunWithin(later, afterNs, firstTime(await next.head()));
    // Without rotated files there is nothing that `left` could have become, other than replaced by a rename.
    const isAlone = rotated.length === 0 && left instanceof LogFile && (await left.wasReplacedBy(next));
    return { files, isComplete: at >= 0 || (isAlone && !isDoubtful()) };
  });
}

/**
 * What was written to a log that was truncated, and copied before, perhaps more than once. `goesOn` tells whether
 * the first file is the copy of what was being read; it stands where the reading stopped. The log itself stands
 * at its beginning then.
 */
export function filesAfterTruncation(
  path: string,
  { file, afterNs }: { file: LogFile; afterNs: bigint },
): Promise<Found & { goesOn: boolean }> {
  return choose({ path, afterNs }, async (rotated) => {
    const { position } = file;
    const at = position.offset > 0 ? await lastIndexOf(rotated, file) : -1;
    // After the list: what is copied at this moment is known then for a copy of what the log holds.
    await file.rewind();
    const files = await begunWithin(rotated, afterNs, firstTime(await file.head()));
    const copy = rotated[at]?.source;
    const goesOn = copy !== undefined && (await copy.resume(position));
    return { files: goesOn ? [copy, ...files.filter((source) => source !== copy)] : files, goesOn };
  });
}

/** What was written since `afterNs` and is not in the log any more, which holds now what began at `beforeNs`. */
export async function filesWithin(path: string, afterNs: bigint, beforeNs: bigint): Promise<LogSource[]> {
  const { files } = await choose({ path, afterNs }, async (rotated) => ({
    files: await begunWithin(rotated, afterNs, beforeNs),
  }));
  return files;
}

/** Without what is empty: it may be the beginning of a copy. */
async function begunWithin(
  rotated: readonly RotatedFile[],
  afterNs: bigint,
  beforeNs: bigint | undefined,
): Promise<LogSource[]> {
  const sources: LogSource[] = [];
  for (const { source, firstNs } of rotated) {
    if (firstNs <= afterNs || (beforeNs !== undefined && firstNs >= beforeNs)) continue;
    if ((await source.head()).length > 0) sources.push(source);
  }
  return sources;
}

/** Closes all rotated files but those that are chosen. */
async function choose<Choice extends Found>(
  { path, afterNs }: { path: string; afterNs: bigint },
  pick: (rotated: RotatedFile[]) => Promise<Choice>,
): Promise<Choice> {
  const rotated = await openRotatedFiles(path, afterNs);
  try {
    const choice = await pick(rotated);
    await closeAll(rotated.filter(({ source }) => !choice.files.includes(source)));
    return choice;
  } catch (error) {
    await closeAll(rotated);
    throw error;
  }
}

async function until(rotated: RotatedFile[], end: LogSource | undefined): Promise<RotatedFile[]> {
  const at = end ? await lastIndexOf(rotated, end) : -1;
  return at < 0 ? rotated : rotated.slice(0, at);
}

async function lastIndexOf(rotated: readonly RotatedFile[], log: LogSource): Promise<number> {
  for (let at = rotated.length - 1; at >= 0; at--) {
    const candidate = rotated[at];
    if (candidate && (await isSameLog(candidate.source, log))) return at;
  }
  return -1;
}

/** Without what holds the same log, and without what is empty yet: a copy that is being made of it. */
