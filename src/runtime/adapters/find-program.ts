import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

/** Searched after PATH, which for an unprivileged shell often lacks them. */
const moreDirectories = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/libexec/podman", "/usr/libexec/crio"];

/** The path of a program; undefined when it is in none of the directories, by default those of PATH and a few more. */
export async function findProgram(
  name: string,
  directories: readonly string[] = defaultDirectories(),
): Promise<string | undefined> {
  if (isAbsolute(name)) return (await isExecutable(name)) ? name : undefined;
  for (const directory of directories) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

function defaultDirectories(): string[] {
  return [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...moreDirectories];
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
