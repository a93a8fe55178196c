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
    const names = (await readdir(join(layers, id))).sort();
    if (names.join() === "fs,record.json") {
      chainIds.push(JSON.parse(await readFile(join(layers, id, "record.json"), "utf8")).record.chainId);
    } else strays.push(`layers/${id}: ${names}`);
  }
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  strays.push(...mounts.split("\n").filter((line) => line.includes(layers)));
  return { chainIds: chainIds.sort(), strays };
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
