import { readFile } from "node:fs/promises";

import { CriError } from "../../../errors.js";
import type { SeccompProfile } from "../../oci.js";

/**
 * Reads a seccomp profile. Undefined when no path is given or there is no such file; throws when the file is
 * not a profile.
 */
export async function readSeccompFile(path: string | undefined): Promise<SeccompProfile | undefined> {
  const text = path === undefined ? undefined : await readIfThere(path);
  if (text === undefined) return undefined;
  let profile: SeccompProfile | null;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw new CriError("failed_precondition", `The seccomp profile ${path} is not JSON`, { cause });
  }
  if (typeof profile?.defaultAction === "string") return profile;
  throw new CriError("failed_precondition", `The seccomp profile ${path} has no defaultAction`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new CriError("failed_precondition", `The seccomp profile ${path} cannot be read`, { cause: error });
  }
}
