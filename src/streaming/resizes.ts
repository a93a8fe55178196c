import type { TerminalSize } from "../wire/channels.js";

const longestHeld = 4096;

/** The sizes that a client tells: JSON documents one after the other, cut anywhere. */
export class Resizes {
  #text = "";
  #latest: TerminalSize | undefined;
  #listener: ((size: TerminalSize) => void) | undefined;

  /** Takes what came on the resize channel. What is no size is passed over. */
  read(chunk: Buffer): void {
    this.#text = (this.#text + chunk.toString("utf8")).slice(-longestHeld);
    for (let end = this.#text.indexOf("}"); end !== -1; end = this.#text.indexOf("}")) {
      const size = readSize(this.#text.slice(0, end + 1));
      this.#text = this.#text.slice(end + 1);
      if (!size) continue;
      this.#latest = size;
      this.#listener?.(size);
    }
  }

  listen(listener: (size: TerminalSize) => void): void {
    this.#listener = listener;
    if (this.#latest) listener(this.#latest);
  }
}

/** Clients without a terminal of their own tell sizes of 0, which no terminal has. */
function readSize(document: string): TerminalSize | undefined {
  try {
    const { Width: columns, Height: rows } = JSON.parse(document);
    return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= 0xffff;
}
