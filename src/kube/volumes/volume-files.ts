import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Entries, PodPlan } from "../manifest/plan.js";
import type { ReadDownwardFile, ReadKeyToPath, ReadVolume } from "../manifest/schema/volume.js";
import { findContainer } from "../translate/env.js";
import type { PodFacts } from "../translate/facts.js";
import { fieldText, resourceText } from "../translate/fields.js";

/** The files of a volume, by their paths in it. */
export type VolumeFiles = Map<string, { readonly content: Uint8Array; readonly mode: number }>;

/** What a volume that is made of ConfigMaps, Secrets and fields of the pod holds; `undefined` for another volume. */
export function volumeFiles(plan: PodPlan, volume: ReadVolume, facts: PodFacts): VolumeFiles | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) {
    return entryFiles(plan.configMaps.get(configMap.name), configMap.items, configMap.defaultMode);
  }
  if (secret) return entryFiles(plan.secrets.get(secret.secretName), secret.items, secret.defaultMode);
  if (downwardAPI) return downwardFiles(plan, downwardAPI.items, downwardAPI.defaultMode, facts);
  if (!projected) return undefined;
  const { sources, defaultMode } = projected;
  const all = sources.map((source) => {
    if (source.downwardAPI) return downwardFiles(plan, source.downwardAPI.items, defaultMode, facts);
    const { name = "", items = [] } = source.configMap ?? source.secret ?? {};
    return entryFiles((source.configMap ? plan.configMaps : plan.secrets).get(name), items, defaultMode);
  });
  return new Map(all.flatMap((files) => [...files]));
}

/** Secrets are kept in memory. */
export function holdsSecrets({ secret, projected }: ReadVolume): boolean {
  return secret !== undefined || (projected?.sources.some((source) => source.secret) ?? false);
}

export async function writeFiles(directory: string, files: VolumeFiles): Promise<void> {
  for (const [path, { content, mode }] of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    // Not left to the umask.
    await chmod(target, mode);
  }
}

function entryFiles(
  entries: Entries = new Map(),
  items: readonly ReadKeyToPath[],
  defaultMode: number,
): VolumeFiles {
  const all = [...entries.keys()].map((key) => ({ key, path: key, mode: undefined }));
  const files: VolumeFiles = new Map();
  for (const { key, path, mode = defaultMode } of items.length > 0 ? items : all) {
    const content = entries.get(key);
    if (content) files.set(path, { content, mode });
  }
  return files;
}

function downwardFiles(
  plan: PodPlan,
  items: readonly ReadDownwardFile[],
  defaultMode: number,
  facts: PodFacts,
): VolumeFiles {
  const encoder = new TextEncoder();
  return new Map(
    items.map(({ path, fieldRef, resourceFieldRef, mode = defaultMode }) => {
      const text = fieldRef
        ? fieldText(plan, facts, fieldRef.fieldPath)
        : fileResource(plan, resourceFieldRef, facts);
      return [path, { content: encoder.encode(text), mode }];
    }),
  );
}

function fileResource(plan: PodPlan, ref: ReadDownwardFile["resourceFieldRef"], facts: PodFacts): string {
  const container = ref && findContainer(plan, ref.containerName ?? "");
  return container ? resourceText(container, ref, facts) : "";
}
