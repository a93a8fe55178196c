import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";

/** Writes the copyright notices of the packages that go into a build to a file. */
export function notices(file: string): Plugin {
  return {
    name: "notices",
    setup(build) {
      build.initialOptions.metafile = true;
      build.onEnd(async ({ metafile }) => {
        const outputs = Object.values(metafile?.outputs ?? {});
        const paths = new Set(outputs.flatMap(({ inputs }) => Object.keys(inputs)));
        const packaged = [...paths].filter((path) => path.includes("node_modules/")).sort();
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, await collect(packaged));
      });
    },
  };
}

async function collect(paths: readonly string[]): Promise<string> {
  const licenses = new Set(paths.map((path) => join(packageDirectory(path), "LICENSE")));
  const texts = [
    ...(await Promise.all([...licenses].map((path) => readFile(path, "utf8").catch(() => "")))),
    ...(await Promise.all(paths.map(leadingComment))),
  ];
  const kept = new Set(texts.map((text) => text.trim()).filter((text) => text.includes("Copyright")));
  return `${[...kept].join("\n\n")}\n`;
}

async function leadingComment(path: string): Promise<string> {
  const lines = (await readFile(path, "utf8")).replace(/^"use strict";\n/, "").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines.slice(0, end).join("\n");
}

/** `node_modules/NAME` or `node_modules/@SCOPE/NAME`. */
function packageDirectory(path: string): string {
  const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path);
  return match?.[0] ?? dirname(path);
}
