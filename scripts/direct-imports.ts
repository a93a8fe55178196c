import { readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Loader, Plugin } from "esbuild";

const imports = /^import \{([^}]*)\} from "(@(?:bufbuild|connectrpc)\/[^"]+|\.+\/\w+\/index\.js)";$/gm;
const reexports = /^export (?:\*|\{([^}]*)\}) from "(.*)";$/gm;
const declarations = /^export (?:async )?(?:function\*?|const|let|var|class) (\w+)/gm;

/**
 * Imports from an index of protobuf-es or connect-es lead to the files that have what is imported. esbuild takes an
 * index for all files behind it that any entry uses, and every client would load what `crikit/testing` alone needs.
 */
export function directImports(): Plugin {
  return {
    name: "direct-imports",
    setup(build) {
      build.onLoad({ filter: /\/(src|@bufbuild|@connectrpc)\/.*\.[jt]s$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const found = await Promise.all([...text.matchAll(imports)].map((match) => direct(match, path)));
        return { contents: text.replace(imports, () => found.shift() ?? ""), loader: loaderOf(path) };
      });
    },
  };
}

function loaderOf(path: string): Loader {
  return extname(path) === ".ts" ? "ts" : "js";
}

async function direct([, names = "", from = ""]: RegExpExecArray, importer: string): Promise<string> {
  const index = from.startsWith(".")
    ? join(dirname(importer), from)
    : fileURLToPath(import.meta.resolve(from));
  const files = await exportsOf(index);
  return listOf(names)
    .filter((name) => !name.startsWith("type "))
    .map((name) => `import { ${name} } from "${files.get(name.replace(/ as .*/, ""))}";`)
    .join(" ");
}

/** The names that an index exports, and the files that have them. */
async function exportsOf(index: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const [, list, from = ""] of (await readFile(index, "utf8")).matchAll(reexports)) {
    const file = join(dirname(index), from);
    for (const name of list === undefined ? await declaredIn(file) : listOf(list)) names.set(name, file);
  }
  return names;
}

async function declaredIn(file: string): Promise<string[]> {
  return [...(await readFile(file, "utf8")).matchAll(declarations)].map(([, name = ""]) => name);
}

function listOf(names: string): string[] {
  return names.split(",").flatMap((name) => name.trim() || []);
}
