import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import { type ImageFiles, writeImageFiles } from "../../../../src/testing/image-files.js";

export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}

export interface Layer extends Blob {
  readonly diffId: string;
}

/** A manifest with all that it refers to, below it. */
export interface Image {
  readonly manifest: Blob;
  readonly config?: Blob;
  readonly blobs: readonly Blob[];
  readonly children: readonly Image[];
}

type Compression = "none" | "gzip" | "zstd";

export interface ImageOptions {
  /** The `config` of the configuration: `User`, `Env` and the like. */
  config?: object;
  architecture?: string;
  /** Docker's schema 2 in place of OCI's media types. */
  docker?: boolean;
}

/** As image indexes spell it. */
export const hostArchitecture = { x64: "amd64", ia32: "386" }[process.arch as string] ?? process.arch;

const suffixes = { none: "", gzip: "+gzip", zstd: "+zstd" };

/** A layer made of files, the same for the same files. */
export async function layer(files: ImageFiles, compression: Compression = "gzip"): Promise<Layer> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-layer-"));
  try {
    const tree = join(directory, "tree");
    await runCommand("mkdir", ["--mode=755", tree]);
    await writeImageFiles(tree, files);
    const tar = join(directory, "layer.tar");
    const reproducible = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
    await runCommand("tar", ["--format=gnu", ...reproducible, "-cf", tar, "-C", tree, "."]);
    if (compression === "zstd") await runCommand("zstd", ["--quiet", tar]);
    return archiveLayer(
      await readFile(tar),
      compression,
      await readFile(`${tar}.zst`).catch(() => undefined),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A layer whose archive is these bytes, whatever they are. */
export function archiveLayer(tar: Buffer, compression: Compression, zstd?: Buffer): Layer {
  const bytes = compression === "zstd" ? (zstd ?? tar) : compression === "gzip" ? gzipSync(tar) : tar;
  const mediaType = `application/vnd.oci.image.layer.v1.tar${suffixes[compression]}`;
  return { ...blob(mediaType, bytes), diffId: digestOf(tar) };
}

export function image(layers: readonly Layer[], options: ImageOptions = {}): Image {
  const { config = {}, architecture = hostArchitecture, docker = false } = options;
  const configuration = json(
    docker ? "application/vnd.docker.container.image.v1+json" : "application/vnd.oci.image.config.v1+json",
    { architecture, os: "linux", config, rootfs: { type: "layers", diff_ids: layers.map((l) => l.diffId) } },
  );
  const dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
  const manifest = json(
    docker
      ? "application/vnd.docker.distribution.manifest.v2+json"
      : "application/vnd.oci.image.manifest.v1+json",
    {
      config: descriptor(configuration),
      layers: layers.map((l) => ({ ...descriptor(l), ...(docker && { mediaType: dockerLayer }) })),
    },
  );
  return { manifest, config: configuration, blobs: [configuration, ...layers], children: [] };
}

export interface IndexEntry {
  image: Image;
  platform?: { os: string; architecture: string; variant?: string };
  annotations?: Record<string, string>;
}

export function index(entries: readonly IndexEntry[]): Image {
  const manifests = entries.map(({ image: { manifest }, ...more }) => ({ ...descriptor(manifest), ...more }));
  const manifest = json("application/vnd.oci.image.index.v1+json", { manifests });
  return { manifest, blobs: [], children: entries.map((entry) => entry.image) };
}

export function json(mediaType: string, content: object): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content })));
}

export function blob(mediaType: string, bytes: Buffer): Blob {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes };
}

function descriptor({ mediaType, digest, size }: Blob) {
  return { mediaType, digest, size };
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The image ID that every runtime gives it. */
export function idOf({ config }: Image): string {
  return config?.digest ?? "";
}

/** Puts an image into a registry under a name, and gives its full reference. */
export async function push(
  host: string,
  name: string,
  { manifest, blobs, children }: Image,
): Promise<string> {
  const [repository = "", tag = ""] = name.split(":");
  for (const child of children) await push(host, `${repository}:${child.manifest.digest}`, child);
  for (const content of blobs) await pushBlob(`http://${host}/v2/${repository}`, content);
  const reference = tag === "sha256" ? manifest.digest : tag;
  await ask(`http://${host}/v2/${repository}/manifests/${reference}`, {
    method: "PUT",
    headers: { "content-type": manifest.mediaType },
    body: manifest.bytes,
  });
  return `${host}/${name}`;
}

async function pushBlob(url: string, { digest, bytes }: Blob): Promise<void> {
  const upload = await ask(`${url}/blobs/uploads/`, { method: "POST" });
  const location = new URL(upload.headers.get("location") ?? "");
  location.searchParams.set("digest", digest);
  await ask(location, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: bytes,
  });
}

async function ask(
  url: string | URL,
  options: { method: string; headers?: Record<string, string>; body?: Buffer },
) {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(`${options.method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** Writes an image as an OCI layout. */
export async function writeImageLayout(directory: string, made: Image): Promise<void> {
  await mkdir(join(directory, "blobs/sha256"), { recursive: true });
  await writeBlobs(directory, made);
  const { mediaType, digest, size } = made.manifest;
  const content = { schemaVersion: 2, manifests: [{ mediaType, digest, size }] };
  await writeFile(join(directory, "index.json"), JSON.stringify(content));
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

async function writeBlobs(directory: string, { manifest, blobs, children }: Image): Promise<void> {
  for (const { digest, bytes } of [manifest, ...blobs]) {
    await writeFile(join(directory, "blobs", ...digest.split(":")), bytes);
  }
  for (const child of children) await writeBlobs(directory, child);
}
