/** How what is known of one object has changed. */
export interface ObjectChange<T> {
  /** What has become of it. A removed one may come again, under another ID. */
  readonly type: "added" | "updated" | "removed";
  /** As it is now; of a removed one what was last known. */
  readonly object: T;
  /** Of an updated one, what was known before. */
  readonly previous?: T;
}

/** What is to be known of the objects of one kind. */
export interface ObjectKind<T> {
  /** The pod that it is in, or is. */
  podIdOf(object: T): string;
  /** Compares the contents of two objects with one ID. */
  isSame(a: T, b: T): boolean;
}

/** The objects of one kind as lists and events have told of them. Gives what a list says that was not known. */
export class KnownObjects<T extends { readonly id: string }> {
  readonly #kind: ObjectKind<T>;
  /** By pod, then by ID: a look at one pod does not go over all that is known. */
  readonly #byPod = new Map<string, Map<string, T>>();

  constructor(kind: ObjectKind<T>) {
    this.#kind = kind;
  }

  /** How many pods something is known of. */
  get podCount(): number {
    return this.#byPod.size;
  }

  /** Whether something is known of the pod. */
  knows(podId: string): boolean {
    return this.#byPod.has(podId);
  }

  /** What is known of one object. */
  get(podId: string, id: string): T | undefined {
    return this.#byPod.get(podId)?.get(id);
  }

  /** What is known of an object that was listed. */
  current(object: T): T | undefined {
    return this.get(this.#kind.podIdOf(object), object.id);
  }

  /** One that is known has become this; undefined: it is none of those to be known any more. */
  change(previous: T, object: T | undefined): ObjectChange<T> {
    if (!object) {
      this.#forget(previous);
      return { type: "removed", object: previous };
    }
    this.#of(object).set(object.id, object);
    return { type: "updated", object, previous };
  }

  /** `listed`, newest first, is all that there is in these pods; in all, unless told. */
  take(listed: readonly T[], podIds: Iterable<string> = this.#byPod.keys()): ObjectChange<T>[] {
    const changes: ObjectChange<T>[] = [];
    const there = new Set(listed.map(({ id }) => id));
    const gone: T[] = [];
    for (const podId of podIds) {
      for (const object of this.#byPod.get(podId)?.values() ?? [])
        if (!there.has(object.id)) gone.push(object);
    }
    for (const object of listed.toReversed()) {
      const known = this.#of(object);
      const previous = known.get(object.id);
      if (!previous) changes.push({ type: "added", object });
      else if (!this.#kind.isSame(previous, object)) changes.push({ type: "updated", object, previous });
      else continue;
      known.set(object.id, object);
    }
    for (const object of gone) {
      changes.push({ type: "removed", object });
      this.#forget(object);
    }
    return changes;
  }

  #of(object: T): Map<string, T> {
    const podId = this.#kind.podIdOf(object);
    const known = this.#byPod.get(podId) ?? new Map<string, T>();
    this.#byPod.set(podId, known);
    return known;
  }

  #forget(object: T): void {
    const podId = this.#kind.podIdOf(object);
    const known = this.#byPod.get(podId);
    known?.delete(object.id);
    if (known?.size === 0) this.#byPod.delete(podId);
  }
}
