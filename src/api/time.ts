/** A CRI time (nanoseconds since 1970) as a `Date`; undefined for 0, which is CRI's "not yet". */
export function toDate(nanoseconds: bigint): Date | undefined {
  return nanoseconds === 0n ? undefined : dateOf(nanoseconds);
}

export function dateOf(nanoseconds: bigint): Date {
  return new Date(Number(nanoseconds / 1_000_000n));
}

/** CRI counts some spans in whole seconds: never less than was asked for. */
export function toSeconds(ms: number): bigint {
  return BigInt(Math.ceil(ms / 1_000));
}
