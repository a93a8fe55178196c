import { readFile } from "node:fs/promises";
import { win32 } from "node:path";
import { InvalidArgumentError } from "../errors.js";

/** What crikit takes from crictl's configuration file. Its other keys are crictl's own affair. */
export interface CrictlConfig {
  readonly path: string;
  readonly runtimeEndpoint: string | undefined;
  readonly imageEndpoint: string | undefined;
  /** `timeout` of the file, which is in seconds there. */
  readonly timeoutMs: number | undefined;
}

/** Where crictl for this system looks. */
export function defaultCrictlConfigPath(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string {
  return platform === "win32"
    ? win32.join(env.USERPROFILE ?? "", ".crictl", "crictl.yaml")
    : "/etc/crictl.yaml";
}

/**
 * Reads the file that `CRI_CONFIG_FILE` names, else crictl's own, `/etc/crictl.yaml`. Undefined when the latter is
 * not there.
 *
 * @throws InvalidArgumentError that names the file, the key and how to mend it.
 */
export async function readCrictlConfig(
  env: NodeJS.ProcessEnv,
  defaultPath = defaultCrictlConfigPath(process.platform, env),
): Promise<CrictlConfig | undefined> {
  const named = env.CRI_CONFIG_FILE || undefined;
  const path = named ?? defaultPath;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (missing && named === undefined) return undefined;
    const origin = named === undefined ? "" : ", which CRI_CONFIG_FILE names,";
    const mend = missing ? "make it, or unset the variable" : "make it readable for this user";
    throw invalid(`File ${path}${origin} could not be read: ${mend}`, undefined, cause);
  }
  const values = await parseMapping(path, text);
  return {
    path,
    runtimeEndpoint: readText(path, values, "runtime-endpoint"),
    imageEndpoint: readText(path, values, "image-endpoint"),
    timeoutMs: readSeconds(path, values, "timeout"),
  };
}

async function parseMapping(path: string, text: string): Promise<Record<string, unknown>> {
  // Most programs name their endpoint and never need the parser.
  const { parse } = await import("yaml");
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch (cause) {
    const where = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
    throw invalid(`File ${path} is not YAML: ${where}`, undefined, cause);
  }
  if (parsed === null) return {};
  if (typeof parsed === "object" && !Array.isArray(parsed)) return { ...parsed };
  throw invalid(
    `File ${path} must hold one mapping, with lines such as runtime-endpoint: unix:///run/x.sock`,
  );
}

function readText(path: string, values: Record<string, unknown>, key: string): string | undefined {
  const value = values[key] ?? "";
  if (typeof value === "string") return value || undefined;
  throw invalid(`Key ${key} in ${path} must be text, such as unix:///run/containerd/containerd.sock`, key);
}

function readSeconds(path: string, values: Record<string, unknown>, key: string): number | undefined {
  const value = values[key] ?? 0;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value * 1_000 || undefined;
  throw invalid(`Key ${key} in ${path} must be a number of seconds, 0 for crikit's own defaults`, key);
}

function invalid(message: string, field?: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(message, { field, ...(cause === undefined ? {} : { cause }) });
}
