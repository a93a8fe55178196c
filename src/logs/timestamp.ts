const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/;

// Most lines share their second with the line before, and making a number of it is most of the work.
const last = { seconds: "", zone: "", ns: 0n };

/**
 * Nanoseconds since 1970 of an RFC 3339 time, with `Z` or an offset and any number of fraction digits (what
 * is finer than a nanosecond is cut off); undefined for any other text. A `Date` would keep milliseconds only.
 */
export function parseTimestamp(text: string): bigint | undefined {
  const [, seconds, fraction = "", zone] = pattern.exec(text) ?? [];
  if (seconds === undefined || zone === undefined) return undefined;
  if (seconds !== last.seconds || zone !== last.zone) {
    const ms = Date.parse(seconds + zone);
    if (Number.isNaN(ms)) return undefined;
    Object.assign(last, { seconds, zone, ns: BigInt(ms) * 1_000_000n });
  }
  return last.ns + BigInt(fraction.padEnd(9, "0"));
}
