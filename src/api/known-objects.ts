/** How what is known of one object has changed. */
export interface ObjectChange<T> {
  /** What has become of it. A removed one may come again, under another ID. */
  readonly type: "added" | "updated" | "removed";
  /** As it is now; of a removed one what was last known. */
  readonly object: T;
  /** Of an updated one, what was known before. */
  readonly previous?: T;
}

/** The objects of one kind as lists have told of them. Gives what a list says that was not known. */
export class KnownObjects<T extends { readonly id: string }> {
  readonly #objects = new Map<string, T>();
  readonly #isSame: (a: T, b: T) => boolean;

  /** `isSame` compares the contents of two objects with one ID. */
  constructor(isSame: (a: T, b: T) => boolean) {
    this.#isSame = isSame;
  }

  /** `listed`, newest first, is all that there is of what `covers` says yes to. */
  take(listed: readonly T[], covers: (known: T) => boolean): ObjectChange<T>[] {
    const changes: ObjectChange<T>[] = [];
    for (const object of listed.toReversed()) {
      const previous = this.#objects.get(object.id);
      if (!previous) changes.push({ type: "added", object });
      else if (!this.#isSame(previous, object)) changes.push({ type: "updated", object, previous });
      else continue;
      this.#objects.set(object.id, object);
    }
    const there = new Set(listed.map(({ id }) => id));
    for (const object of this.#objects.values()) {
      if (there.has(object.id) || !covers(object)) continue;
      changes.push({ type: "removed", object });
      this.#objects.delete(object.id);
    }
    return changes;
  }
}
