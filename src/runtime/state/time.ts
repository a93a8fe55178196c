/** Nanoseconds since the epoch in decimal digits: JSON has no number for them. */
export type Timestamp = string;

let latest = 0n;

/** The time now, later than every time given before, so that sorting by it keeps the order of events. */
export function timestampNow(): Timestamp {
  const now = BigInt(Date.now()) * 1_000_000n;
  latest = now > latest ? now : latest + 1n;
  return latest.toString();
}

/** Sorts newest first. */
export function byNewest(a: { createdAt: Timestamp }, b: { createdAt: Timestamp }): number {
  return Number(BigInt(b.createdAt) - BigInt(a.createdAt));
}
