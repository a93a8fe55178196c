import { lstat, realpath } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

import { InvalidArgumentError } from "../../errors.js";
import { makeDirectory } from "../make-directory.js";

/**
 * The file for a container's output, with its directory made; undefined when the request asks for none.
 * Throws when the path leads out of the pod's log directory, by its text or over symbolic links.
 */
export async function prepareLogPath(logDirectory: string, logPath: string): Promise<string | undefined> {
  if (logDirectory === "" || logPath === "") return undefined;
  const path = join(logDirectory, logPath);
  if (!isWithin(resolve(logDirectory), resolve(path))) throw refusal(logPath, logDirectory);
  await makeDirectory(logDirectory, { mode: 0o755 });
  const base = await realpath(logDirectory);
  const parent = dirname(path);
  // The nearest directory that exists decides: making those below it must not happen elsewhere.
  if (!isWithin(base, await nearestReal(parent))) throw refusal(logPath, logDirectory);
  await makeDirectory(parent, { mode: 0o755 });
  const existing = await lstat(path).catch(() => undefined);
  if (existing && !existing.isFile()) throw refusal(logPath, logDirectory);
  return path;
}

async function nearestReal(path: string): Promise<string> {
  return realpath(path).catch(() => nearestReal(dirname(path)));
}

function isWithin(base: string, path: string): boolean {
  const way = relative(base, path);
  return way === "" || (way !== ".." && !way.startsWith("../"));
}

function refusal(logPath: string, logDirectory: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `config.log_path "${logPath}" is not a plain file below the pod's log directory ${logDirectory}`,
    { field: "config.log_path" },
  );
}
