import type { ImageRef } from "../../image-ref.js";
import type { Image } from "./image.js";

/** The names that are being pulled now, and for who asks those that were at any time since. */
export class RunningNames {
  readonly #running = new Map<symbol, string>();
  readonly #watchers = new Set<Set<string>>();

  /** Gives what ends it. */
  begin(ref: ImageRef): () => void {
    const { repository, tag, digest } = ref;
    const name = digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
    const key = Symbol(name);
    this.#running.set(key, name);
    for (const names of this.#watchers) names.add(name);
    return () => this.#running.delete(key);
  }

  /** From now on remembers, until disposed of, what is being pulled. */
  watch(): { has(image: Image): boolean } & Disposable {
    const names = new Set(this.#running.values());
    this.#watchers.add(names);
    return {
      has: ({ repoTags, repoDigests }) => [...repoTags, ...repoDigests].some((name) => names.has(name)),
      [Symbol.dispose]: () => void this.#watchers.delete(names),
    };
  }
}
