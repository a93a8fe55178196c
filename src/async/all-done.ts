/**
 * Waits for all, also when some fail, and only then throws the first failure: for work that must not go on
 * after its caller has left.
 */
export async function allDone<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
