import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Container } from "crikit";

/**
 * Rotates a container's log as kubelet does: what was rotated before is compressed, the log is renamed to the time
 * and the runtime told to open it anew. Rotations here count as a second apart.
 */
export class KubeletRotation {
  readonly #container: Container;
  readonly #path: string;
  #count = 0;

  constructor(container: Container, path: string) {
    this.#container = container;
    this.#path = path;
  }

  async rotate(): Promise<void> {
    const directory = dirname(this.#path);
    const prefix = `${basename(this.#path)}.`;
    for (const name of await readdir(directory)) {
      if (!name.startsWith(prefix) || name.endsWith(".gz")) continue;
      const path = join(directory, name);
      await writeFile(`${path}.tmp`, await promisify(gzip)(await readFile(path)));
      await rename(`${path}.tmp`, `${path}.gz`);
      await rm(path);
    }
    const time = new Date(Date.UTC(2026, 0, 2) + 1_000 * this.#count++).toISOString();
    const suffix = time
      .replace("T", "-")
      .replace(/[:]|\..*/g, "")
      .replace(/(\d{4})-(\d{2})-(\d{2})/, "$1$2$3");
    await rename(this.#path, `${this.#path}.${suffix}`);
    await this.#container.reopenLog();
  }
}
