import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Placed {
  readonly config: { readonly root: string };
}

/** The chain IDs of the layers that a runtime keeps, and everything in its image store that is not a whole layer. */
export async function storedLayers({ config }: Placed): Promise<{ chainIds: string[]; strays: string[] }> {
  const layers = join(config.root, "layers");
  const chainIds: string[] = [];
  const strays = (await readdir(join(config.root, "tmp"))).map((name) => `tmp/${name}`);
  for (const id of await readdir(layers)) {
    const chainId = await chainIdOf(join(layers, id));
    if (chainId) chainIds.push(chainId);
    else strays.push(`layers/${id}: ${await readdir(join(layers, id)).catch(() => "removed just now")}`);
  }
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  strays.push(...mounts.split("\n").filter((line) => line.includes(layers)));
  return { chainIds: chainIds.sort(), strays };
}

/** Undefined for what is not whole, or not any more: the runtime may be removing it. */
async function chainIdOf(layer: string): Promise<string | undefined> {
  const names = await readdir(layer).catch(() => []);
  if (names.sort().join() !== "fs,record.json") return undefined;
  const text = await readFile(join(layer, "record.json"), "utf8").catch(() => undefined);
  return text && JSON.parse(text).record.chainId;
}

/** Programs that work on a runtime's images. */
export async function imagePrograms({ config }: Placed): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    if (/skopeo|umoci|zstd/.test(command) && command.includes(config.root)) found.push(command);
  }
  return found;
}
