import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type ImageFiles, writeImageFiles } from "./image-files.js";
import { runTool } from "./run-tool.js";

/** What the image says of itself: how its program is run unless the container says otherwise, and when it was built. */
export interface ImageDefaults {
  /** `NAME=value` each. */
  readonly env?: readonly string[] | undefined;
  /** The program and its first arguments; a container's `command` takes its place. */
  readonly entrypoint?: readonly string[] | undefined;
  /** The arguments after that, or the whole command line; a container's `args` takes its place. */
  readonly cmd?: readonly string[] | undefined;
  /** An absolute path in the image; `/` unless told. */
  readonly workingDir?: string | undefined;
  /** `user`, `uid`, `user:group` or `uid:gid`. */
  readonly user?: string | undefined;
  /** The image's own labels, which CRI does not tell. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** None unless given, so that the same files give the same digest. */
  readonly created?: Date | undefined;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", ia32: "386" };

/**
 * Makes an OCI image layout of one image with one layer in `directory`, which must not exist yet. The same
 * files give the same digest every time.
 */
export async function writeLayout(
  directory: string,
  files: ImageFiles,
  defaults: ImageDefaults = {},
): Promise<void> {
  await writeLayers(directory, [files], defaults);
}

/** The same, with several layers, the lowest first. */
export async function writeLayers(
  directory: string,
  layers: readonly ImageFiles[],
  defaults: ImageDefaults = {},
): Promise<void> {
  await mkdir(join(directory, "blobs/sha256"), { recursive: true });
  const added: Descriptor[] = [];
  for (const files of layers) added.push(await addLayer(directory, files));
  const config = await addJson(directory, "application/vnd.oci.image.config.v1+json", {
    architecture: architectures[process.arch] ?? process.arch,
    os: "linux",
    created: defaults.created?.toISOString(),
    config: {
      Env: defaults.env,
      Entrypoint: defaults.entrypoint,
      Cmd: defaults.cmd,
      WorkingDir: defaults.workingDir,
      User: defaults.user,
      Labels: defaults.labels,
    },
    rootfs: { type: "layers", diff_ids: added.map(({ digest }) => digest) },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await addJson(directory, mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers: added,
  });
  await writeJson(join(directory, "index.json"), { schemaVersion: 2, manifests: [manifest] });
  await writeJson(join(directory, "oci-layout"), { imageLayoutVersion: "1.0.0" });
}

async function addLayer(directory: string, files: ImageFiles): Promise<Descriptor> {
  const tree = join(directory, "tree");
  const archive = join(directory, "layer.tar");
  await mkdir(tree);
  await chmod(tree, 0o755);
  await writeImageFiles(tree, files);
  const reproducible = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
  await runTool("tar", ["--format=gnu", ...reproducible, "-cf", archive, "-C", tree, "."]);
  await rm(tree, { recursive: true, force: true });
  const hash = createHash("sha256");
  await pipeline(createReadStream(archive), hash);
  const hex = hash.digest("hex");
  const { size } = await stat(archive);
  await rename(archive, join(directory, "blobs/sha256", hex));
  return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: `sha256:${hex}`, size };
}

async function addJson(directory: string, mediaType: string, value: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(directory, "blobs/sha256", hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(path, JSON.stringify(value));
}
