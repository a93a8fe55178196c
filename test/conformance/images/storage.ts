import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeLayers } from "../../../src/testing/image-layout.js";
import { runTool } from "../../../src/testing/run-tool.js";
import { startRegistry } from "../../runtime/image/support/registry.js";
import { type SuiteImage, suiteImages } from "./catalogue.js";
import { busyboxPath, compilePrograms } from "./programs.js";

const cache = fileURLToPath(new URL("../../../.cache/conformance/images", import.meta.url));

/** The storage of a registry that has all images of the suite: made now, unless it is there from an earlier run. */
export async function imageStorage(): Promise<string> {
  const storage = join(cache, await fingerprint());
  if (existsSync(storage)) return storage;
  console.log("Making the images of the suite");
  await rm(cache, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "work-"));
  try {
    await fill(join(work, "storage"), work);
    await rename(join(work, "storage"), storage);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return storage;
}

async function fill(storage: string, work: string): Promise<void> {
  const images = suiteImages(await compilePrograms(work));
  await using registry = await startRegistry({ storage });
  for (const [position, image] of images.entries()) {
    await push(image, join(work, `${position}`), registry.host);
  }
}

async function push({ names, layers, defaults }: SuiteImage, layout: string, host: string): Promise<void> {
  await writeLayers(layout, layers, defaults);
  const copy = ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false", `oci:${layout}`];
  for (const name of names) await runTool("skopeo", [...copy, `docker://${host}/${name}`]);
  await rm(layout, { recursive: true, force: true });
}

/** Of all that the images are made of: other sources make other images. */
async function fingerprint(): Promise<string> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const files = (await readdir(here, { recursive: true })).filter((name) => /\.(c|ts)$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const path of [busyboxPath, ...files.map((name) => join(here, name))])
    hash.update(await readFile(path));
  return hash.digest("hex").slice(0, 16);
}
