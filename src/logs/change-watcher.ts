import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/**
 * Wakes a reader when something happens to a file, which need not be there yet: the directory is watched.
 * File events can be lost or not exist at all (network mounts, no inotify instances left), so that every wait
 * also ends by itself.
 */
export class ChangeWatcher {
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  /** `onRename` is told at once when the path has been given to another file, or may have been. */
  constructor(path: string, onRename: () => void) {
    const name = basename(path);
    try {
      this.#watcher = watch(dirname(path), (event, changed) => {
        if (changed !== null && changed !== name) return;
        if (event === "rename") onRename();
        this.wake();
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  /** From now on only what happens later ends a wait. */
  clear(): void {
    this.#changed = false;
  }

  /** Ends the wait, or the next one. */
  wake(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Resolves at the next change since `clear`, at the latest after `ms`; rejects with the signal's reason. */
  async wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#changed) return;
    const wake = () => this.#wake?.();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(wake, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal?.addEventListener("abort", wake, { once: true });
    });
    this.#wake = undefined;
    signal?.removeEventListener("abort", wake);
    signal?.throwIfAborted();
  }

  close(): void {
    this.#watcher?.close();
  }
}
