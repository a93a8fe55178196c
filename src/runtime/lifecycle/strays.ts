import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { unmountBelow } from "../adapters/mounts.js";
import type { LifecycleDeps } from "../deps.js";
import type { OciSpec } from "../oci.js";
import { listIds, listOciContainers } from "./held.js";
import { endOciContainer } from "./oci-container.js";

/** What nobody knows: the last that was left of something removed, or all of something whose record is lost. */
export async function findStrays(deps: LifecycleDeps, isKnown: (id: string) => boolean): Promise<string[]> {
  const { exits, attach, persist } = deps.paths;
  const oci = [...(await listOciContainers(deps))].filter(([, { ownsRoot }]) => ownsRoot);
  const found = new Set([
    ...(await Promise.all(directories(deps).map(list))).flat(),
    ...(await Promise.all([exits, attach, persist].map(listIds))).flat(),
    ...oci.map(([id]) => id),
  ]);
  return [...found].filter((id) => !isKnown(id));
}

/** Ends the processes of a stray. Where its control group is, its bundle alone can tell. */
export async function endStray(deps: LifecycleDeps, id: string): Promise<void> {
  const { paths } = deps;
  const isSandbox = (await list(paths.sandboxState)).includes(id);
  const { directory: bundle } = isSandbox ? paths.sandbox(id) : paths.container(id);
  // Whatever is left of it: it counts as held until all of it has been freed.
  await mkdir(join(paths.persist, id), { recursive: true, mode: 0o700 });
  const handler = (await listOciContainers(deps)).get(id)?.name ?? "";
  await endOciContainer(deps, { id, handler, bundle, cgroupParent: await cgroupParentOf(bundle) });
}

/** Removes the directories of a stray, with what is mounted in them. */
export async function clearStray(deps: LifecycleDeps, id: string): Promise<void> {
  for (const directory of directories(deps)) {
    const path = join(directory, id);
    await unmountBelow(path);
    await rm(path, { recursive: true, force: true });
  }
}

function directories({ paths }: LifecycleDeps): string[] {
  return [paths.containerState, paths.sandboxState, paths.containerRecords, paths.sandboxRecords];
}

async function cgroupParentOf(bundle: string): Promise<string> {
  try {
    const spec: OciSpec = JSON.parse(await readFile(join(bundle, "config.json"), "utf8"));
    const [slice = "", ...scope] = spec.linux.cgroupsPath.split(":");
    return scope.length > 0 ? slice : dirname(slice);
  } catch {
    return "";
  }
}

function list(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}
