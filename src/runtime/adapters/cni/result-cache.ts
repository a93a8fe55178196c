import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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

/** One file for each attachment. */
export class ResultCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  write(add: CachedAdd): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const path = this.#path(add.attachment.id);
    writeFileSync(`${path}.tmp`, JSON.stringify(add), { mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  }

  /** Undefined when there is none, or none that can be read: DEL does what it can without. */
  read(id: string): CachedAdd | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(id), "utf8"));
    } catch {
      return undefined;
    }
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
    rmSync(`${this.#path(id)}.tmp`, { force: true });
  }

  #path(id: string): string {
    return join(this.#directory, `${id}${extension}`);
  }
}
