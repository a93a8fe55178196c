import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { cgroupParent, type Traces } from "./names.js";

/** Mounts in a runtime's directory. A network namespace that is held by a file is one. */
export async function mountTraces(directory: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const own = lines.filter((line) => line.includes(directory));
  // Without its numbers, which another one in the same place would not have.
  return own.map((line) => `mount ${line.split(" ").slice(3).join(" ")}`);
}

const places = ["sandboxes", "containers", "exits", "persist", "a", "cni"];

/** Records, bundles, and what monitors and OCI runtimes keep. */
export async function directoryTraces(directory: string): Promise<string[]> {
  const handlers = await readdir(join(directory, "state/oci")).catch(() => []);
  const paths = [
    ...places.map((name) => `state/${name}`),
    ...handlers.map((name) => `state/oci/${name}`),
    ...["root/sandboxes", "root/containers", "root/tmp"],
  ];
  const found = await Promise.all(
    paths.map(async (path) => (await list(join(directory, path))).map((name) => `directory ${path}/${name}`)),
  );
  // Empty and the same for all its containers: crun masks directories with it.
  return found.flat().filter((trace) => !/^directory state\/oci\/[^/]+\/\.empty-directory$/.test(trace));
}

/** The control group of all of a runtime's pods, in each tree. */
export async function cgroupParentTraces(directory: string): Promise<string[]> {
  return (await cgroupParents(directory)).map((path) => `cgroup ${path}`);
}

/** Control groups of a runtime's pods, or of these IDs. */
export async function cgroupTraces({ directory, ids = [] }: Traces): Promise<string[]> {
  const parents = await cgroupParents(directory);
  const ours = await Promise.all(parents.map((parent) => subdirectories(parent, 2)));
  const all = ids.length === 0 ? [] : await subdirectories("/sys/fs/cgroup", 5);
  const named = all.filter((path) => ids.some((id) => path.includes(id)));
  return [...new Set([...ours.flat(), ...named])].map((path) => `cgroup ${path}`);
}

async function cgroupParents(directory: string): Promise<string[]> {
  const trees = ["/sys/fs/cgroup", ...(await subdirectories("/sys/fs/cgroup", 1))];
  return trees.map((tree) => join(tree, cgroupParent(directory))).filter((path) => existsSync(path));
}

async function subdirectories(path: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const own = entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
  const below = await Promise.all(own.map((directory) => subdirectories(directory, depth - 1)));
  return [...own, ...below.flat()];
}

function list(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}
