import { rm } from "node:fs/promises";
import type { OwnedContainer } from "../../api/container.js";

/** The containers that were made one after the other in one place of the pod: the newest, and the one before it. */
export class Attempts {
  #kept: OwnedContainer[] = [];
  #count = 0;

  /** How many were made so far, which is the number of the next one. */
  get count(): number {
    return this.#count;
  }

  get newest(): OwnedContainer | undefined {
    return this.#kept.at(-1);
  }

  get previous(): OwnedContainer | undefined {
    return this.#kept.at(-2);
  }

  add(container: OwnedContainer): void {
    this.#kept.push(container);
    this.#count += 1;
  }

  /** Removes those before the previous one, with their logs, as kubelet does. What cannot be removed is kept for the next time. */
  async removeOld(): Promise<void> {
    const recent = this.#kept.slice(-2);
    const old = this.#kept.slice(0, -2);
    const left = await Promise.all(
      old.map((container) =>
        removeWithLog(container).then(
          () => [],
          () => [container],
        ),
      ),
    );
    this.#kept = [...left.flat(), ...recent];
  }
}

async function removeWithLog(container: OwnedContainer): Promise<void> {
  const { logPath } = await container.status();
  await container.remove();
  if (logPath !== "") await rm(logPath, { force: true });
}
