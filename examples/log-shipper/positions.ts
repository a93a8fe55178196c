import { readFile, rename, writeFile } from "node:fs/promises";

/** The last line that the receiver has acknowledged; of several lines with its time, how many. */
export interface Position {
  readonly timeNs: bigint;
  readonly lines: number;
}

/** By container; kept in a file, so that the next start goes on behind it. */
export class Positions {
  readonly #path: string;
  readonly #known: Map<string, Position>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, known: Map<string, Position>) {
    this.#path = path;
    this.#known = known;
  }

  static async load(path: string): Promise<Positions> {
    const text = await readFile(path, "utf8").catch((error) => {
      if (error.code === "ENOENT") return "{}";
      throw error;
    });
    const saved: Record<string, { timeNs: string; lines: number }> = JSON.parse(text);
    const known = Object.entries(saved).map(
      ([id, { timeNs, lines }]) => [id, { timeNs: BigInt(timeNs), lines }] as const,
    );
    return new Positions(path, new Map(known));
  }

  /** Before the first line where nothing was acknowledged. */
  get(id: string): Position {
    return this.#known.get(id) ?? { timeNs: 0n, lines: 0 };
  }

  set(id: string, position: Position): void {
    this.#known.set(id, position);
  }

  forget(id: string): void {
    this.#known.delete(id);
  }

  /** Forgets containers that went while nobody looked. */
  keepOnly(containers: ReadonlyMap<string, unknown>): void {
    for (const id of this.#known.keys()) if (!containers.has(id)) this.#known.delete(id);
  }

  /** One after the other; a crash leaves the old file or the new one. */
  async save(): Promise<void> {
    this.#saving = this.#saving
      .catch(() => {})
      .then(async () => {
        const entries = [...this.#known].map(([id, { timeNs, lines }]) => [
          id,
          { timeNs: `${timeNs}`, lines },
        ]);
        const next = `${this.#path}.next`;
        await writeFile(next, JSON.stringify(Object.fromEntries(entries)));
        await rename(next, this.#path);
      });
    return this.#saving;
  }
}
