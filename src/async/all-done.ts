/**
 * Waits for all, also when some fail, and only then throws the first failure: for work that must not go on
 * after its caller has left.
 */
export async function allDone<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
