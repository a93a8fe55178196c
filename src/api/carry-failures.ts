/**
 * Puts what could not be cleaned up on the error that is thrown anyway, as its property `suppressed`, so that
 * it shows wherever the error is printed. The error stays the very one that the caller looks for.
 */
export function carryFailures(error: unknown, failures: readonly unknown[]): void {
  if (failures.length === 0 || !(error instanceof Error) || !Object.isExtensible(error)) return;
  Object.defineProperty(error, "suppressed", {
    value: failures,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
