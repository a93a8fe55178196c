/** Nanoseconds since the epoch in decimal digits: JSON has no number for them. */
export type Timestamp = string;

let latest = 0n;

/** The time now, later than every time given before, so that sorting by it keeps the order of events. */
export function timestampNow(): Timestamp {
  const now = BigInt(Date.now()) * 1_000_000n;
  latest = now > latest ? now : latest + 1n;
  return latest.toString();
}

/** Sorts newest first. Of two numbers without leading zeros, the one with more digits is the greater. */
export function byNewest({ createdAt: a }: Created, { createdAt: b }: Created): number {
  if (a === b) return 0;
  return b.length - a.length || (a < b ? 1 : -1);
}

interface Created {
  createdAt: Timestamp;
}
