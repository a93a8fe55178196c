import { execFile } from "node:child_process";
import { CriError } from "../errors.js";
import type { RegistryCredentials } from "./credentials.js";

const notFound = "credentials not found in native keychain";

export interface HelperOptions {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** 30 s unless told. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Asks a credential helper by Docker's protocol: `docker-credential-NAME get`, the registry on its input, JSON on its
 * output. Undefined: it knows none. Nothing that it says gets into an error: it may say anything.
 */
export async function askHelper(
  name: string,
  registry: string,
  { signal, env, timeoutMs = 30_000 }: HelperOptions,
): Promise<RegistryCredentials | undefined> {
  if (!/^[\w.-]+$/.test(name)) throw failed(`The name of the credential helper "${name}" is not a word`);
  const program = `docker-credential-${name}`;
  const { error, output } = await run(program, registry, { signal, env, timeoutMs });
  signal?.throwIfAborted();
  if (!error) return readAnswer(output, program);
  if (output.trim() === notFound) return undefined;
  const by = `echo ${registry} | ${program} get`;
  if (error.code === "ENOENT")
    throw failed(`${program} is not in PATH: install it, or mend the file naming it`);
  if (error.killed) throw failed(`${program} was not done within ${timeoutMs / 1000} s: try \`${by}\``);
  throw failed(`${program} failed (${error.code ?? error.signal}): \`${by}\` shows why`);
}

interface Ended {
  readonly error: (Error & { code?: unknown; killed?: boolean; signal?: unknown }) | null;
  readonly output: string;
}

function run(program: string, input: string, { timeoutMs, ...more }: HelperOptions): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { ...more, timeout: timeoutMs, killSignal: "SIGKILL" as const };
    const child = execFile(program, ["get"], options, (error, output) => resolve({ error, output }));
    // A helper may end without having read its input.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

function readAnswer(output: string, program: string): RegistryCredentials | undefined {
  let answer: { Username?: unknown; Secret?: unknown };
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(`${program} did not answer in JSON`);
  }
  const { Username: username, Secret: secret } = answer ?? {};
  if (typeof secret !== "string" || secret === "" || typeof username !== "string") return undefined;
  return username === "<token>" ? { identityToken: secret } : { username, password: secret };
}

function failed(message: string): CriError {
  return new CriError("credentials_failed", message);
}
