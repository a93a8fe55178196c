import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ImageFiles } from "./image-files.js";
import { type ImageDefaults, writeLayout } from "./image-layout.js";
import { runTool } from "./run-tool.js";

/** An image that comes from no registry: made of files, or lying on this machine. */
export type ImageSource =
  | {
      /** The image's name, for example `example.test/app:1`. */
      readonly ref: string;
      /** What is in it. */
      readonly files: ImageFiles;
      /** How its program is run. */
      readonly defaults?: ImageDefaults | undefined;
    }
  | {
      /** The image's name, for example `example.test/app:1`. */
      readonly ref: string;
      /** A directory in the OCI image layout, holding one image. */
      readonly layout: string;
    }
  | {
      /** The image's name, for example `example.test/app:1`. */
      readonly ref: string;
      /** A tar file made by `skopeo copy` to `oci-archive:`, or by `docker save`. */
      readonly archive: string;
    };

/** Makes an OCI layout of the image under `scratch`, unless it is one; resolves to its directory. */
export async function layoutOf(source: ImageSource, scratch: string): Promise<string> {
  if ("layout" in source) return source.layout;
  const directory = join(scratch, "layout");
  if ("files" in source) {
    await writeLayout(directory, source.files, source.defaults);
    return directory;
  }
  await mkdir(scratch, { recursive: true });
  await runTool("skopeo", [
    "--insecure-policy",
    "copy",
    "-q",
    await archiveName(source.archive),
    `oci:${directory}`,
  ]);
  return directory;
}

/** The archive as skopeo names it: `oci-archive:FILE` or `docker-archive:FILE`. */
export async function archiveName(archive: string): Promise<string> {
  const members = (await runTool("tar", ["-tf", archive])).split("\n");
  const isOci = members.some((member) => member === "oci-layout" || member === "./oci-layout");
  return `${isOci ? "oci-archive" : "docker-archive"}:${archive}`;
}
