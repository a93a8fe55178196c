import { CriError } from "../../../errors.js";

/** Does the work for one item after the other, past those that fail; then throws what failed, as one error. */
export async function pastFailures<T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) await work(item).catch((error) => failures.push(error));
  if (failures.length === 0) return;
  if (failures.length === 1) throw failures[0];
  throw new CriError("internal", failures.map(messageOf).join("; "), { cause: new AggregateError(failures) });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
