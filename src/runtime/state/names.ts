import { NameReservedError } from "../../errors.js";

/**
 * Who holds which name. A name is made from an object's metadata and belongs to it from before the object is
 * made until after it is removed, so that of two equal requests only one is carried out.
 */
export class Names {
  readonly #kind: string;
  readonly #holders = new Map<string, string>();

  /** `kind` is what the names are of, for messages: `sandbox`, `container`. */
  constructor(kind: string) {
    this.#kind = kind;
  }

  /** Throws `NameReservedError` when another object holds the name. */
  reserve(name: string, id: string): void {
    const holder = this.#holders.get(name);
    if (holder !== undefined && holder !== id) {
      throw new NameReservedError(
        `Name "${name}" is reserved for ${this.#kind} ${holder}: remove that one or raise metadata.attempt`,
      );
    }
    this.#holders.set(name, id);
  }

  /** Gives the name back if this object holds it. */
  release(name: string, id: string): void {
    if (this.#holders.get(name) === id) this.#holders.delete(name);
  }
}

/** The name of a sandbox. Kubernetes names hold no underscore, so two different identities never meet. */
export function sandboxName(metadata: {
  name: string;
  namespace: string;
  uid: string;
  attempt: number;
}): string {
  return [metadata.name, metadata.namespace, metadata.uid, metadata.attempt].join("_");
}

export function containerName(metadata: { name: string; attempt: number }, sandbox: string): string {
  return [metadata.name, sandbox, metadata.attempt].join("_");
}
