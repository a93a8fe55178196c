import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../errors.js";
import { runCommand } from "../adapters/run-command.js";

/** A manifest that the index of a local image names. skopeo gives those of registries only. */
export async function readLayoutBlob(source: string, digest: string): Promise<string> {
  const [, transport, path = ""] = /^(oci|oci-archive):([^:]+)/.exec(source) ?? [];
  const blob = join("blobs", ...digest.split(":"));
  try {
    if (transport === "oci") return await readFile(join(path, blob), "utf8");
    return (await runCommand("tar", ["--extract", "--to-stdout", "--file", path, blob])).stdout;
  } catch (cause) {
    throw new CriError("failed_precondition", `${source} lacks ${blob}, which its index names`, { cause });
  }
}
