import { homedir } from "node:os";
import { CriError, InvalidArgumentError } from "../errors.js";
import type { ImageRef } from "../image-ref.js";
import { type AuthFile, findEntry, findHelper, readAuthFile, registryOf } from "./auth-file.js";
import { type AuthPlaces, authFiles } from "./auth-files.js";
import type { RegistryCredentials } from "./credentials.js";

/** Gives the credentials for an image; undefined: it is pulled without. What it throws, the pull throws. */
export type CredentialProvider = (
  ref: ImageRef,
  options: { readonly signal: AbortSignal | undefined },
) => RegistryCredentials | undefined | Promise<RegistryCredentials | undefined>;

/**
 * Where credentials come from.
 * - `none`: nowhere.
 * - `auto`: from where podman, skopeo and Docker have them. The file that `REGISTRY_AUTH_FILE` names, and no other; or
 *   `containers/auth.json` under `XDG_RUNTIME_DIR` (or in `/run/containers/UID`), then under `XDG_CONFIG_HOME` (or
 *   `~/.config`), then `config.json` in `DOCKER_CONFIG` (or `~/.docker`), with the credential helpers that they name.
 * - `file`: from this one, which must be there, with its helpers.
 * - a function: whatever it gives.
 */
export type CredentialSource =
  | "none"
  | "auto"
  | {
      /** The path of an `auth.json` or a `config.json`. */
      readonly file: string;
    }
  | CredentialProvider;

/**
 * The credentials for an image; undefined when the source has none.
 *
 * @throws CriError with the code `credentials_failed` when a file cannot be read or a helper fails.
 */
export async function lookUpCredentials(
  source: CredentialSource,
  ref: ImageRef,
  signal: AbortSignal | undefined,
  places: AuthPlaces = machinePlaces(),
): Promise<RegistryCredentials | undefined> {
  if (typeof source === "function") return source(ref, { signal });
  const { paths, named } = filesOf(source, places);
  for (const path of paths) {
    signal?.throwIfAborted();
    const file = await readAuthFile(path);
    if (!file && named) throw new CriError("credentials_failed", `There is no file ${path} with credentials`);
    const found = file && (await lookInto(file, ref.repository, signal, places));
    if (found) return found;
  }
  return undefined;
}

function filesOf(source: Exclude<CredentialSource, CredentialProvider>, places: AuthPlaces) {
  if (source === "none") return { paths: [], named: false };
  if (source === "auto") return authFiles(places);
  if (typeof source?.file === "string" && source.file !== "") return { paths: [source.file], named: true };
  throw new InvalidArgumentError(
    'credentials must be "none", "auto", an object with the path of a file, or a function',
    { field: "credentials" },
  );
}

/** A helper for the registry decides alone; one for all (`credsStore`) is asked for what is not in the file. */
async function lookInto(
  file: AuthFile,
  repository: string,
  signal: AbortSignal | undefined,
  { env }: AuthPlaces,
): Promise<RegistryCredentials | undefined> {
  const registry = registryOf(repository);
  const own = findHelper(file, registry);
  const entry = own === undefined ? findEntry(file, repository) : undefined;
  const helper = own ?? file.credsStore;
  if (entry || helper === undefined) return entry;
  const { askHelper } = await import("./helper.js");
  for (const name of namesInHelpers(registry)) {
    const found = await askHelper(helper, name, { signal, env });
    if (found) return found;
  }
  return undefined;
}

/** Docker keeps those of its Hub under an address, podman under the name. */
function namesInHelpers(registry: string): string[] {
  return registry === "docker.io" ? ["https://index.docker.io/v1/", registry] : [registry];
}

function machinePlaces(): AuthPlaces {
  const { env, platform } = process;
  return { env, platform, home: homedir(), uid: process.getuid?.() ?? 0 };
}
