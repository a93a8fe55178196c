import { setImmediate as nextTurn } from "node:timers/promises";

/** A file that was found at the path of a log. */
export interface FoundFile {
  /** How many renames came with it that are of no file that was found: files may have come and gone before it. */
  unaccounted: number;
}

/** Fewer are read at a time. Without word of renames those that were found would be kept for ever. */
const maxFound = 64;

/**
 * Holds the renames to a path, or from it, against the files that were found there. Node tells of them one by one while
 * the log goes on: who looks at the path then may find a later file than the one that he was told of. So they are
 * counted until Node has told of all, and what is left over makes all doubtful that were found meanwhile.
 */
export class RenameAccount {
  #renames = 0;
  #found: FoundFile[] = [];
  /** There is a file. Before, renames are those of files that came and went. */
  #isOpen: boolean;
  #isSettling = false;

  constructor(isOpen: boolean) {
    this.#isOpen = isOpen;
  }

  /** Node has told of one. */
  add(): void {
    this.#renames += 1;
    if (this.#isSettling) return;
    this.#isSettling = true;
    // It tells of all that there are before it comes to this.
    setImmediate(() => this.#settle());
  }

  find(file: FoundFile): void {
    this.#isOpen = true;
    this.#found.push(file);
    if (this.#found.length > maxFound) this.#found.shift();
  }

  /** Resolves when Node has told of all renames by now, and they are accounted for. */
  async complete(): Promise<void> {
    // The first may come before Node looks for events again, the second comes after.
    for (let turn = 0; turn < 2; turn += 1) await nextTurn();
    this.#settle();
  }

  #settle(): void {
    this.#isSettling = false;
    // Word of one that was found without it is still to come.
    if (!this.#isOpen || this.#renames < this.#found.length) return;
    for (const file of this.#found) file.unaccounted += this.#renames - this.#found.length;
    this.#renames = 0;
    this.#found = [];
  }
}
