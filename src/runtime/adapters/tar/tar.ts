import { open } from "node:fs/promises";

import { runCommand } from "../run-command.js";

export interface TarOptions {
  /** Paths below the directory, one entry each; all that is in it unless given. */
  entries?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

const attributes = ["--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.capability"];

/** Packs a directory into a new file that only its owner can read. Owners, modes, links and holes are kept. */
export async function packTar(file: string, directory: string, options: TarOptions = {}): Promise<void> {
  const { entries, signal } = options;
  // Made here: tar would let everybody read it.
  await (await open(file, "wx", 0o600)).close();
  const flags = [
    "--create",
    "--file",
    file,
    "--directory",
    directory,
    "--numeric-owner",
    "--sparse",
    ...attributes,
  ];
  if (entries === undefined) {
    await runCommand("tar", [...flags, "."], { signal });
  } else {
    const list = ["--no-recursion", "--null", "--verbatim-files-from", "--files-from", "-"];
    await runCommand("tar", [...flags, ...list], {
      signal,
      input: entries.map((entry) => `${entry}\0`).join(""),
    });
  }
}

/** Unpacks into a directory that has no links in it: then tar lets no member out of it. */
export async function unpackTar(file: string, directory: string): Promise<void> {
  const flags = [
    "--extract",
    "--file",
    file,
    "--directory",
    directory,
    "--numeric-owner",
    "--same-permissions",
  ];
  await runCommand("tar", [...flags, "--same-owner", ...attributes]);
}
