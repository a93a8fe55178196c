import { readFile } from "node:fs/promises";
import { CriError } from "../errors.js";
import { decodeAuth, type RegistryCredentials } from "./credentials.js";

/** containers' `auth.json` or Docker's `config.json`, which are alike. */
export interface AuthFile {
  readonly path: string;
  readonly auths: Readonly<Record<string, unknown>>;
  readonly credHelpers: Readonly<Record<string, unknown>>;
  readonly credsStore: string | undefined;
}

/**
 * Undefined: there is none. What is wrong with one is told without a cause: the messages of `JSON.parse` quote
 * what they cannot read.
 */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new CriError("credentials_failed", `Credentials cannot be read: ${message}`, { cause: error });
  }
  return parseAuthFile(text, path);
}

/** `path` is for errors. */
export function parseAuthFile(text: string, path: string): AuthFile {
  const content = parseObject(text);
  const { auths = {}, credHelpers = {}, credsStore } = content ?? {};
  if (!isObject(content) || !isObject(auths) || !isObject(credHelpers)) {
    throw new CriError("credentials_failed", `${path} is not JSON with "auths" and "credHelpers" as objects`);
  }
  return { path, auths, credHelpers, credsStore: typeof credsStore === "string" ? credsStore : undefined };
}

/** The entry of `auths` for a repository: that of the longest part of its name, down to the registry. */
export function findEntry({ auths, path }: AuthFile, repository: string): RegistryCredentials | undefined {
  const registry = registryOf(repository);
  for (let key = repository; key !== ""; key = key.slice(0, Math.max(0, key.lastIndexOf("/")))) {
    if (Object.hasOwn(auths, key)) return readEntry(auths[key], `${path}, "auths", "${key}"`);
  }
  const key = Object.keys(auths).find((key) => isOfRegistry(key, registry));
  return key === undefined ? undefined : readEntry(auths[key], `${path}, "auths", "${key}"`);
}

/** The program that `credHelpers` names for a registry. */
export function findHelper({ credHelpers }: AuthFile, registry: string): string | undefined {
  const key = Object.keys(credHelpers).find((key) => key === registry || isOfRegistry(key, registry));
  const helper = key === undefined ? undefined : credHelpers[key];
  return typeof helper === "string" ? helper : undefined;
}

export function registryOf(repository: string): string {
  return repository.split("/", 1)[0] ?? "";
}

/** `docker login` writes URLs, and that of Docker Hub has a name of its own. */
function isOfRegistry(key: string, registry: string): boolean {
  const host = /^https?:\/\//.test(key) ? registryOf(key.replace(/^https?:\/\//, "")) : key;
  return hubOr(host) === hubOr(registry);
}

function hubOr(host: string): string {
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

/** Undefined for an entry that is empty: Docker marks so what a helper holds. */
function readEntry(entry: unknown, place: string): RegistryCredentials | undefined {
  const { auth, username, password, identitytoken, registrytoken } = isObject(entry) ? entry : {};
  if (typeof identitytoken === "string" && identitytoken) return { identityToken: identitytoken };
  if (typeof registrytoken === "string" && registrytoken) return { registryToken: registrytoken };
  if (typeof auth === "string" && auth) {
    const decoded = decodeAuth(auth);
    if (decoded) return decoded;
    throw new CriError("credentials_failed", `${place}: "auth" is not the base64 form of USER:PASSWORD`);
  }
  return typeof username === "string" && username && typeof password === "string"
    ? { username, password }
    : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
