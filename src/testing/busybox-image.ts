import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CriError } from "../errors.js";
import type { ImageFile, ImageFiles } from "./image-files.js";
import type { ImageDefaults } from "./image-layout.js";
import { runTool } from "./run-tool.js";

/** What an image is made of, for `importImage` and `serveRegistry`. */
export interface ImageContent {
  /** What is in the image. */
  readonly files: ImageFiles;
  /** How its program is run. */
  readonly defaults: ImageDefaults;
}

/**
 * A small image with a shell, made from this machine's static busybox, so that no registry is needed. Add
 * files of your own by spreading `files`.
 *
 * @example
 * ```ts
 * const { files, defaults } = await busyboxImage();
 * await runtime.importImage({ ref: "demo/app:1", files: { ...files, "/app.txt": "hello" }, defaults });
 * ```
 */
export async function busyboxImage(): Promise<ImageContent> {
  const busybox = await findStaticBusybox();
  const applets = (await runTool(busybox, ["--list"])).split("\n").filter((name) => /^[^\s/]+$/.test(name));
  const files: Record<string, ImageFile> = {
    "/bin/busybox": { from: busybox },
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "/etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "/root": { directory: true, mode: 0o700 },
    "/tmp": { directory: true, mode: 0o1777 },
  };
  for (const applet of applets) {
    if (applet !== "busybox") files[`/bin/${applet}`] = { link: "busybox" };
  }
  for (const directory of ["/dev", "/proc", "/sys", "/var", "/run"]) files[directory] = { directory: true };
  return { files, defaults: { env: ["PATH=/bin"], cmd: ["sh"] } };
}

async function findStaticBusybox(): Promise<string> {
  const directories = [...(process.env.PATH ?? "").split(":"), "/bin", "/usr/bin", "/sbin"];
  const paths = directories.filter((directory) => directory !== "").map((path) => join(path, "busybox"));
  for (const path of paths.filter((candidate) => existsSync(candidate))) {
    if (isStatic(await readFile(path))) return path;
  }
  throw new CriError(
    "failed_precondition",
    "No static busybox on this machine to make the image from: install the package busybox-static",
  );
}

const interpreterSegment = 3;

// A dynamically linked ELF program names its interpreter in a program header of type 3 (PT_INTERP). Read for
// 64-bit little-endian machines; others are taken at their word.
function isStatic(elf: Buffer): boolean {
  if (elf.readUInt32BE(0) !== 0x7f454c46) return false;
  if (elf[4] !== 2 || elf[5] !== 1) return true;
  const offset = Number(elf.readBigUInt64LE(32));
  const entrySize = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  for (let index = 0; index < count; index += 1) {
    if (elf.readUInt32LE(offset + index * entrySize) === interpreterSegment) return false;
  }
  return true;
}
