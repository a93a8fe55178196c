const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Nanoseconds since 1970 of an RFC 3339 time, with `Z` or an offset and any number of fraction digits (what
 * is finer than a nanosecond is cut off); undefined for any other text. A `Date` would keep milliseconds only.
 */
export function parseTimestamp(text: string): bigint | undefined {
  const [, seconds, fraction = "", zone] = pattern.exec(text) ?? [];
  if (seconds === undefined || zone === undefined) return undefined;
  const ms = Date.parse(seconds + zone);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
