import { stat } from "node:fs/promises";

import { runCommand } from "../run-command.js";

/** What an OCI runtime says that it can do; nothing of what it does not speak of. */
export interface OciFeatures {
  recursiveReadOnlyMounts: boolean;
  userNamespaces: boolean;
  /** Mounts with IDs of their own. */
  idmappedMounts: boolean;
}

const nothing: OciFeatures = { recursiveReadOnlyMounts: false, userNamespaces: false, idmappedMounts: false };

/** It prints a constant. */
const timeoutMs = 10_000;

/** Asks the program, and asks again only when another one has come to its place. */
export function createFeatureReader(path: string, args: readonly string[]): () => Promise<OciFeatures> {
  let known: { version: string; features: Promise<OciFeatures> } | undefined;
  return async () => {
    const version = await versionOf(path);
    if (known?.version !== version) known = { version, features: readFeatures(path, args) };
    return known.features;
  };
}

async function versionOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path).catch(() => ({ mtimeMs: 0, size: 0, ino: 0 }));
  return `${mtimeMs} ${size} ${ino}`;
}

/** The document that the OCI runtime specification calls features. Programs older than it do not know it. */
interface FeaturesDocument {
  mountOptions?: string[];
  linux?: { namespaces?: string[]; mountExtensions?: { idmap?: { enabled?: boolean } } };
}

async function readFeatures(path: string, args: readonly string[]): Promise<OciFeatures> {
  try {
    const { stdout } = await runCommand(path, [...args, "features"], { timeoutMs });
    const { mountOptions = [], linux = {} }: FeaturesDocument = JSON.parse(stdout);
    return {
      recursiveReadOnlyMounts: mountOptions.includes("rro"),
      userNamespaces: linux.namespaces?.includes("user") ?? false,
      idmappedMounts: linux.mountExtensions?.idmap?.enabled ?? false,
    };
  } catch {
    return nothing;
  }
}
