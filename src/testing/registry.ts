import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ImageSource } from "./image-source.js";
import {
  layoutImages,
  type Manifest,
  type RegistryImages,
  sourceImages,
  splitName,
} from "./registry-images.js";
import { scratchDirectory } from "./temporary-directory.js";

/** A read-only registry on loopback, plain HTTP, gone on dispose. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. containerd and skopeo (with `--src-tls-verify=false`) take it as plain HTTP. */
  readonly host: string;
  /** The full reference under which the registry has the image, for example `127.0.0.1:4711/demo/app:1`. */
  ref(name: string): string;
  /** Stops serving, and removes what was made for it. Again: nothing more happens. */
  close(): Promise<void>;
}

/**
 * Serves an OCI image layout, or images made on the spot, as a registry that a runtime pulls from.
 *
 * @example
 * ```ts
 * await using registry = await serveRegistry([{ ref: "demo/busybox:1", ...(await busyboxImage()) }]);
 * await cri.images.pull(registry.ref("demo/busybox:1"));
 * ```
 */
export async function serveRegistry(source: string | readonly ImageSource[]): Promise<Registry> {
  const scratch = await scratchDirectory();
  try {
    const images =
      typeof source === "string" ? await layoutImages(source) : await sourceImages(source, scratch.path);
    const server = createServer((request, response) => {
      answer(images, request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const close = async () => {
      server.close();
      server.closeAllConnections();
      await scratch[Symbol.asyncDispose]();
    };
    const ref = (name: string) => {
      const { repository, tag } = splitName(name);
      return `${host}/${repository}:${tag}`;
    };
    return { host, ref, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

async function answer(images: RegistryImages, request: IncomingMessage, response: ServerResponse) {
  response.setHeader("docker-distribution-api-version", "registry/2.0");
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(response, 405, "UNSUPPORTED", "this registry is read-only");
  }
  const path = new URL(request.url ?? "/", "http://registry").pathname;
  if (path === "/v2/" || path === "/v2") return sendJson(response, {});
  const parts = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(path) ?? [];
  const [, repository = "", kind, reference = ""] = parts.map((part) => decodeURIComponent(part));
  const tags = images.repositories.get(repository);
  if (tags === undefined) return refuse(response, 404, "NAME_UNKNOWN", `no repository ${repository}`);
  if (kind === "tags") return sendJson(response, { name: repository, tags: [...tags.keys()] });
  if (kind === "blobs") return sendBlob(images, request, response, reference);
  return sendManifest(images, tags, request, response, reference);
}

async function sendManifest(
  images: RegistryImages,
  tags: ReadonlyMap<string, Manifest>,
  request: IncomingMessage,
  response: ServerResponse,
  reference: string,
) {
  const digest = tags.get(reference)?.digest ?? reference;
  const path = await findBlob(images, digest);
  if (path === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN", `no manifest ${reference}`);
  const bytes = await readFile(path);
  const { mediaType }: { mediaType?: string } = JSON.parse(bytes.toString("utf8"));
  const type = mediaType ?? "application/vnd.oci.image.manifest.v1+json";
  if (!accepts(request, type)) return refuse(response, 404, "MANIFEST_UNKNOWN", `${reference} is ${type}`);
  response.setHeader("content-type", type);
  response.setHeader("content-length", bytes.length);
  response.setHeader("docker-content-digest", digest);
  response.end(request.method === "HEAD" ? undefined : bytes);
}

async function sendBlob(
  images: RegistryImages,
  request: IncomingMessage,
  response: ServerResponse,
  digest: string,
) {
  const path = await findBlob(images, digest);
  if (path === undefined) return refuse(response, 404, "BLOB_UNKNOWN", `no blob ${digest}`);
  response.setHeader("content-type", "application/octet-stream");
  response.setHeader("content-length", (await stat(path)).size);
  response.setHeader("docker-content-digest", digest);
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(path), response);
}

async function findBlob(images: RegistryImages, digest: string): Promise<string | undefined> {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined) return undefined;
  for (const layout of images.layouts) {
    const path = join(layout, "blobs/sha256", hex);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}

// A client without an Accept header, or with */*, takes what there is.
function accepts(request: IncomingMessage, type: string): boolean {
  const wanted = (request.headers.accept ?? "*/*").split(",").map((item) => item.split(";")[0]?.trim());
  return wanted.includes(type) || wanted.includes("*/*");
}

function sendJson(response: ServerResponse, value: object) {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, message: string) {
  response.statusCode = status;
  sendJson(response, { errors: [{ code, message }] });
}
