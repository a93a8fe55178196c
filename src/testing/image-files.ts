import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { InvalidArgumentError } from "../errors.js";

/** One entry of an image's file system. All belong to 0:0. */
export type ImageFile =
  | string
  | Uint8Array
  | {
      /** What is in the file. */
      readonly content: string | Uint8Array;
      /** 0o644 by default. */
      readonly mode?: number | undefined;
    }
  | {
      /** A file of this machine to copy. */
      readonly from: string;
      /** 0o755 by default, for it is mostly a program. */
      readonly mode?: number | undefined;
    }
  | {
      /** What the symbolic link points to, inside the image. */
      readonly link: string;
    }
  | {
      /** A directory, empty but for what other entries put into it. */
      readonly directory: true;
      /** 0o755 by default. */
      readonly mode?: number | undefined;
    };

/** By absolute path in the image. Directories on the way are made. */
export type ImageFiles = Readonly<Record<string, ImageFile>>;

/** Writes the files under `root`, which must be a new, empty directory. */
export async function writeImageFiles(root: string, files: ImageFiles): Promise<void> {
  // Directories first and links last: a file never goes through a link of the image's own.
  const entries = Object.entries(files).map(([path, file]) => [target(root, path), file] as const);
  const ordered = entries.sort(([, a], [, b]) => rank(a) - rank(b));
  for (const [path, file] of ordered) await writeEntry(path, file);
}

function rank(file: ImageFile): number {
  if (typeof file === "string" || file instanceof Uint8Array) return 1;
  if ("directory" in file) return 0;
  return "link" in file ? 2 : 1;
}

function target(root: string, path: string): string {
  if (!path.startsWith("/") || normalize(path) === "/" || path.split("/").includes("..")) {
    throw new InvalidArgumentError(
      `files: ${JSON.stringify(path)} is not an absolute path in the image without ".."`,
      { field: "files" },
    );
  }
  return join(root, path);
}

async function writeEntry(path: string, file: ImageFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (typeof file === "string" || file instanceof Uint8Array) return writeContent(path, file, 0o644);
  if ("content" in file) return writeContent(path, file.content, file.mode ?? 0o644);
  if ("link" in file) return symlink(file.link, path);
  if ("from" in file) {
    await copyFile(file.from, path);
    return chmod(path, file.mode ?? 0o755);
  }
  await mkdir(path, { recursive: true });
  return chmod(path, file.mode ?? 0o755);
}

// The mode is set apart from the writing: the process's umask would cut it.
async function writeContent(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await writeFile(path, content);
  await chmod(path, mode);
}
