/** The layers that pulls under way need: no image has them yet, and they must not be collected. */
export class LayerClaims {
  readonly #claims = new Map<symbol, ReadonlySet<string>>();

  /** Holds layers, which need not be there yet, by their chain IDs. Gives what lets go of them. */
  hold(chainIds: readonly string[]): () => void {
    const claim = Symbol("claim");
    this.#claims.set(claim, new Set(chainIds));
    return () => {
      this.#claims.delete(claim);
    };
  }

  has(chainId: string): boolean {
    for (const chainIds of this.#claims.values()) if (chainIds.has(chainId)) return true;
    return false;
  }
}
