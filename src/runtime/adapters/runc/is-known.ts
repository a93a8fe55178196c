import { readdir } from "node:fs/promises";

/**
 * Whether the OCI runtime knows a container. It gives the same exit code for "no such container" as for any
 * other failure, so it is asked for all that it knows.
 */
export async function isKnown(
  id: string,
  { root, list }: { root: string; list: () => Promise<{ stdout: string }> },
): Promise<boolean> {
  // Before its first container the OCI runtime has no directory, and some do not bear that.
  if ((await readdir(root).catch(() => [])).length === 0) return false;
  return (await list()).stdout.split("\n").includes(id);
}
