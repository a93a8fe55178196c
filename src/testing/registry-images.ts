import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { InvalidArgumentError } from "../errors.js";
import { type ImageSource, layoutOf } from "./image-source.js";

export interface Manifest {
  readonly mediaType: string;
  readonly digest: string;
}

/** What a registry holds: blobs and manifests lie in layouts on disk, tags in memory. */
export interface RegistryImages {
  readonly layouts: readonly string[];
  /** Per repository, what each tag names. */
  readonly repositories: ReadonlyMap<string, ReadonlyMap<string, Manifest>>;
}

interface Index {
  readonly manifests: readonly (Manifest & { readonly annotations?: Record<string, string> })[];
}

const nameAnnotation = "org.opencontainers.image.ref.name";

/** A whole layout: its images bear their annotated names, a bare tag goes under the directory's name. */
export async function layoutImages(layout: string): Promise<RegistryImages> {
  const repositories = new Map<string, Map<string, Manifest>>();
  for (const { annotations, ...manifest } of await readIndex(layout)) {
    const name = annotations?.[nameAnnotation] ?? "latest";
    addTag(repositories, /[/:]/.test(name) ? name : `${basename(layout)}:${name}`, manifest);
  }
  return { layouts: [layout], repositories };
}

/** Images each under its own `ref`; those made of files or archives are laid out under `scratch`. */
export async function sourceImages(
  sources: readonly ImageSource[],
  scratch: string,
): Promise<RegistryImages> {
  const layouts: string[] = [];
  const repositories = new Map<string, Map<string, Manifest>>();
  for (const [position, source] of sources.entries()) {
    const layout = await layoutOf(source, join(scratch, `${position}`));
    const [manifest, second] = await readIndex(layout);
    if (manifest === undefined || second !== undefined) {
      throw new InvalidArgumentError(`${layout} must hold one image: serve the directory itself otherwise`);
    }
    layouts.push(layout);
    addTag(repositories, source.ref, manifest);
  }
  return { layouts, repositories };
}

async function readIndex(layout: string): Promise<Index["manifests"]> {
  const index: Index = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
  return index.manifests;
}

function addTag(repositories: Map<string, Map<string, Manifest>>, ref: string, manifest: Manifest): void {
  const { repository, tag } = splitName(ref);
  const tags = repositories.get(repository) ?? new Map<string, Manifest>();
  repositories.set(repository, tags.set(tag, manifest));
}

/** The part of a reference that a registry sees: without its host, the tag "latest" unless it has one. */
export function splitName(ref: string): { repository: string; tag: string } {
  const [first = "", ...rest] = ref.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = isHost ? rest.join("/") : ref;
  const [, repository, tag = "latest"] = /^([a-z0-9._/-]+)(?::([\w.-]+))?$/.exec(path) ?? [];
  if (repository !== undefined) return { repository, tag };
  throw new InvalidArgumentError(
    `${JSON.stringify(ref)} is not a name with an optional tag, as in demo/app:1`,
    {
      field: "ref",
    },
  );
}
