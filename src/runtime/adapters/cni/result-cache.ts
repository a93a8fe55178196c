import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Attachment } from "./attachment.js";
import type { Conflist } from "./conflist.js";
import type { PluginResult } from "./result.js";

/** What DEL must be told, as it was at ADD: the configuration may have changed since. */
export interface CachedAdd {
  conflist: Conflist;
  attachment: Attachment;
  /** Undefined while ADD is under way. */
  result?: PluginResult | undefined;
}

const extension = ".json";

/**
 * One file for each attachment: a line written before ADD, and one with its result. That is appended: a file put in the
 * place of another is a new one to the file system, which begins to write it out. A torn line counts as not there.
 */
export class ResultCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  begin(add: Omit<CachedAdd, "result">): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeFileSync(this.#path(add.attachment.id), JSON.stringify(add), { mode: 0o600 });
  }

  complete(id: string, result: PluginResult | undefined): void {
    if (result) appendFileSync(this.#path(id), `\n${JSON.stringify(result)}`);
  }

  /** Undefined when there is none, or none that can be read: DEL does what it can without. */
  read(id: string): CachedAdd | undefined {
    const [first = "", second = ""] = this.#lines(id);
    const add = parse<CachedAdd>(first);
    const result = parse<PluginResult>(second);
    return add && (result ? { ...add, result } : add);
  }

  /** All that can be read. */
  async list(): Promise<CachedAdd[]> {
    const names = await readdir(this.#directory).catch(() => []);
    const ids = names
      .filter((name) => name.endsWith(extension))
      .map((name) => name.slice(0, -extension.length));
    return ids.map((id) => this.read(id)).filter((add) => add !== undefined);
  }

  remove(id: string): void {
    rmSync(this.#path(id), { force: true });
  }

  #lines(id: string): string[] {
    try {
      return readFileSync(this.#path(id), "utf8").split("\n");
    } catch {
      return [];
    }
  }

  #path(id: string): string {
    return join(this.#directory, `${id}${extension}`);
  }
}

function parse<T>(line: string): T | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
