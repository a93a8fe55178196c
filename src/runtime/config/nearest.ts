/** The word that one or two slips of the finger make of `word`; undefined when none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map((candidate) => ({ candidate, distance: distance(bare(word), bare(candidate)) }))
    .filter((each) => each.distance <= Math.max(1, Math.min(3, Math.floor(word.length / 3))))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Other habits of spelling count for nothing: `cniConfDir`, `cni_conf_dir`. */
function bare(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, "");
}

/** How many letters must be put in, taken out or changed to make one word of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
