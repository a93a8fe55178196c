/** A number with a unit as Kubernetes writes it, kept exactly: in billionths. */
export interface Quantity {
  readonly nano: bigint;
}

const nanosPerUnit = 1_000_000_000n;

const binary: Record<string, bigint> = {
  Ki: 1024n,
  Mi: 1024n ** 2n,
  Gi: 1024n ** 3n,
  Ti: 1024n ** 4n,
  Pi: 1024n ** 5n,
  Ei: 1024n ** 6n,
};

const decimal: Record<string, number> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/** `undefined`: it is none. What is finer than a billionth is rounded up, as Kubernetes does. */
export function parseQuantity(given: string | number): Quantity | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|[eE]([+-]?\d{1,3})|([numkMGTPE]?))$/.exec(
    String(given),
  );
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", binaryUnit, exponent, decimalUnit = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const power = binaryUnit ? 0 : Number(exponent ?? decimal[decimalUnit] ?? 0);
  const factor = (binaryUnit && binary[binaryUnit]) || 1n;
  const nano = scale(digits * factor * nanosPerUnit, power - fraction.length);
  return { nano: sign === "-" ? -nano : nano };
}

/** Times ten to that power, rounded up. */
function scale(value: bigint, power: number): bigint {
  return power >= 0 ? value * 10n ** BigInt(power) : ceilDivide(value, 10n ** BigInt(-power));
}

export function ceilDivide(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** Whole units, rounded up. */
export function units({ nano }: Quantity): bigint {
  return ceilDivide(nano, nanosPerUnit);
}

/** Thousandths, rounded up. */
export function millis({ nano }: Quantity): bigint {
  return ceilDivide(nano, nanosPerUnit / 1000n);
}
