import { statfsSync } from "node:fs";

/** The file system that namespaces' files belong to, from linux/magic.h. */
const namespaceFileSystem = 0x6e736673;

/** Whether a path leads to a namespace, and not to a file from which one was unmounted, or to nothing. */
export function isNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === namespaceFileSystem;
  } catch {
    return false;
  }
}
