import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { PortMapping } from "./attachment.js";
import type { Conflist } from "./conflist.js";
import type { PluginResult } from "./invoke.js";

/** What DEL must be told, as it was at ADD: the configuration may have changed since. */
export interface CachedAdd {
  network: Conflist;
  portMappings: PortMapping[];
  /** Undefined while ADD is under way. */
  result?: PluginResult | undefined;
}

/** One file for each attachment. */
export class ResultCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async write(id: string, add: CachedAdd): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = this.#path(id);
    await writeFile(`${path}.tmp`, JSON.stringify(add), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  /** Undefined when there is none, or none that can be read: DEL does what it can without. */
  async read(id: string): Promise<CachedAdd | undefined> {
    try {
      return JSON.parse(await readFile(this.#path(id), "utf8"));
    } catch {
      return undefined;
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
    await rm(`${this.#path(id)}.tmp`, { force: true });
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`);
  }
}
