import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { InvalidArgumentError, UnsupportedError } from "../../errors.js";
import { type ImageRef, parseImageRef } from "../../image-ref.js";
import { imageSource } from "../../image-source.js";
import type { AuthConfig, ImageSpec } from "../../proto.js";
import { CommandError } from "../adapters/run-command.js";
import type { Access, Credentials } from "../adapters/skopeo/skopeo.js";
import type { ImageRecord } from "../state/image-record.js";
import { collectImages } from "./collect.js";
import { type ConfigBlob, readImageConfig } from "./image-config.js";
import type { ImageDeps } from "./image-deps.js";
import { chainIds, type Descriptor, digestOf, type Manifest, readManifest } from "./manifest.js";
import { unpackLayers } from "./unpack.js";

export interface PullRequest {
  image: ImageSpec | undefined;
  auth?: AuthConfig | undefined;
  signal?: AbortSignal | undefined;
}

/** Brings an image from its registry, or from the local file that its annotation names, and unpacks it. */
export async function pullImage(deps: ImageDeps, request: PullRequest): Promise<ImageRecord> {
  if (!request.image) throw new InvalidArgumentError("image is missing", { field: "image" });
  if (request.image.image === "") {
    throw new InvalidArgumentError("image.image is empty", { field: "image.image" });
  }
  const ref = parseImageRef(request.image.image);
  const access: Access = {
    credentials: readCredentials(request.auth, ref.domain),
    insecure: isLoopback(ref.domain) || deps.insecureRegistries.includes(ref.domain),
    signal: request.signal,
  };
  const local = imageSource(request.image.annotations);
  const pull = Symbol(ref.toString());
  deps.pulls.add(pull);
  try {
    return await deps.locks.run(`pull ${ref}`, () => pullInto(deps, ref, local, access));
  } finally {
    deps.pulls.delete(pull);
    await collectImages(deps);
  }
}

async function pullInto(
  deps: ImageDeps,
  ref: ImageRef,
  local: string | undefined,
  access: Access,
): Promise<ImageRecord> {
  access.signal?.throwIfAborted();
  const source = local ?? `docker://${ref.repository}${ref.digest ? `@${ref.digest}` : `:${ref.tag}`}`;
  const raw = await deps.skopeo.inspectRaw(source, access);
  const chosen = await choosePlatform(deps, ref, { source, raw, local, access });
  const id = chosen.manifest.config.digest.replace("sha256:", "");
  const names = {
    repoDigest: `${ref.repository}@${digestOf(raw)}`,
    repoTag: ref.tag && `${ref.repository}:${ref.tag}`,
  };
  const known = deps.images.get(id);
  const image =
    known ?? (await fetchImage(deps, { id, source: chosen.source, manifest: chosen.manifest, access }));
  return nameImage(deps, image, names);
}

interface ChosenPlatform {
  source: string;
  manifest: Manifest;
}

/** Follows an index to the manifest of this host's platform. Indexes may be nested. */
async function choosePlatform(
  deps: ImageDeps,
  ref: ImageRef,
  at: { source: string; raw: string; local: string | undefined; access: Access },
): Promise<ChosenPlatform> {
  const read = readManifest(at.raw, deps.architecture);
  if ("manifest" in read) return { source: at.source, manifest: read.manifest };
  if (at.local !== undefined) {
    throw new UnsupportedError(`${at.local} holds an index of platforms: name a layout with one image`);
  }
  const source = `docker://${ref.repository}@${read.entry.digest}`;
  const raw = await deps.skopeo.inspectRaw(source, at.access);
  return choosePlatform(deps, ref, { ...at, source, raw });
}

interface Fetch {
  id: string;
  source: string;
  manifest: Manifest;
  access: Access;
}

async function fetchImage(deps: ImageDeps, fetch: Fetch): Promise<ImageRecord> {
  try {
    return await copyAndUnpack(deps, fetch);
  } catch (error) {
    // A blob that was damaged on this disk is trusted by skopeo and found by umoci: fetch it once more.
    if (
      !(error instanceof CommandError && /digest mismatch|unexpected EOF|invalid header/i.test(error.stderr))
    ) {
      throw error;
    }
    for (const { digest } of fetch.manifest.layers) await rm(blobFile(deps, digest), { force: true });
    return copyAndUnpack(deps, fetch);
  }
}

async function copyAndUnpack(deps: ImageDeps, { id, source, manifest, access }: Fetch): Promise<ImageRecord> {
  await mkdir(deps.paths.blobs, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(deps.paths.temporary, "pull-"));
  try {
    const layout = join(directory, "layout");
    await deps.skopeo.copy(source, { ...access, layout, blobs: deps.paths.blobs });
    // skopeo converts Docker's manifests, so what was copied is described by the layout alone.
    const index: { manifests: Descriptor[] } = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
    const entry = index.manifests[0];
    if (!entry) throw new Error(`skopeo left no manifest in ${layout}`);
    const copied: Manifest = JSON.parse(await readFile(blobFile(deps, entry.digest), "utf8"));
    const config: ConfigBlob = JSON.parse(await readFile(blobFile(deps, copied.config.digest), "utf8"));
    const chain = chainIds(config.rootfs.diff_ids);
    const layers = copied.layers.map((layer, index) => ({
      chainId: chain[index] ?? "",
      blob: { ...layer, file: blobFile(deps, layer.digest), diffId: config.rootfs.diff_ids[index] ?? "" },
    }));
    return {
      id,
      repoTags: [],
      repoDigests: [],
      sizeBytes: [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0),
      pinned: false,
      layers: await unpackLayers(deps, layers, access.signal),
      blobs: [entry, copied.config, ...copied.layers].map(({ digest }) => digest),
      config: readImageConfig(config),
      pulledAt: new Date().toISOString(),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Gives the image its names. A tag names one image, so it is taken from the one that had it. */
function nameImage(
  deps: ImageDeps,
  image: ImageRecord,
  { repoTag, repoDigest }: { repoTag: string | undefined; repoDigest: string },
): Promise<ImageRecord> {
  return deps.locks.run("image names", async () => {
    for (const other of deps.images.list()) {
      if (repoTag === undefined || other.id === image.id || !other.repoTags.includes(repoTag)) continue;
      await deps.images.update(other.id, { repoTags: other.repoTags.filter((tag) => tag !== repoTag) });
    }
    const current = deps.images.get(image.id) ?? image;
    const named: ImageRecord = {
      ...current,
      repoTags: withName(current.repoTags, repoTag),
      repoDigests: withName(current.repoDigests, repoDigest),
    };
    await deps.images.put(named);
    return named;
  });
}

function withName(names: readonly string[], name: string | undefined): string[] {
  return name === undefined || names.includes(name) ? [...names] : [...names, name];
}

function blobFile(deps: ImageDeps, digest: string): string {
  return join(deps.paths.blobs, ...digest.split(":"));
}

function isLoopback(domain: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(domain);
}

function readCredentials(auth: AuthConfig | undefined, domain: string): Credentials | undefined {
  if (!auth) return undefined;
  if (auth.registryToken) {
    throw new UnsupportedError(
      "auth.registry_token is not served: give auth.identity_token or a user and password",
    );
  }
  if (auth.identityToken) return { domain, identityToken: auth.identityToken };
  if (auth.username) return { domain, username: auth.username, password: auth.password };
  if (!auth.auth) return undefined;
  const decoded = Buffer.from(auth.auth, "base64").toString();
  const colon = decoded.indexOf(":");
  if (colon < 0) {
    throw new InvalidArgumentError("auth.auth is not the base64 form of USER:PASSWORD", {
      field: "auth.auth",
    });
  }
  return { domain, username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
