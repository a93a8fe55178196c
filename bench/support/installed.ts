import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CriClient } from "../../src/index.js";
import { userProject } from "../../test/support/user-project.js";

let made: ReturnType<typeof userProject> | undefined;

/**
 * Where a project of a user is, made with the first question: what is measured comes from there, the packed package
 * with its own dependencies alone. In this project it would find OpenTelemetry, which each call then tells its spans.
 */
export async function installedProject(): Promise<string> {
  made ??= userProject();
  return (await made).path;
}

/** At the end of a run. */
export async function removeInstalledProject(): Promise<void> {
  await (await made)?.[Symbol.asyncDispose]();
}

/** What users import: the loader that runs these files would slow the sources down. */
export async function installedPackage() {
  const sdk: typeof import("../../src/index.js") = await importInstalled("index.js");
  const testing: typeof import("../../src/testing/index.js") = await importInstalled("testing/index.js");
  return { ...sdk, ...testing };
}

/** A client of the installed package on a socket. */
export async function connectInstalled(path: string): Promise<CriClient> {
  const { connect }: typeof import("../../src/index.js") = await importInstalled("index.js");
  return connect(`unix://${path}`);
}

async function importInstalled(name: string) {
  return import(pathToFileURL(join(await installedProject(), "node_modules/crikit/dist", name)).href);
}

/** A copy of a program that finds the installed package. */
export async function installedProgram(source: URL): Promise<string> {
  const copy = join(await installedProject(), basename(source.pathname));
  await copyFile(fileURLToPath(source), copy);
  return copy;
}
