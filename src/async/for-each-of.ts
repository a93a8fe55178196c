/** Works on all items, at most `atOnce` at a time. The first failure rejects, and nothing new is begun after it. */
export async function forEachOf<T>(
  items: Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  // Shared by all workers; the one that leaves its loop by a failure closes it for the others.
  const rest = (function* () {
    yield* items;
  })();
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
