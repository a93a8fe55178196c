// Makes `dist/` of the many small files that tsup has put into `dist/parts/`, as ES modules and as CommonJS. What the
// client has is in three files: Node takes longer with each more, and with twenty V8 compiles Node's loader anew.
import { chmod, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { type GetModuleInfo, rollup } from "rollup";

const parts = "dist/parts";
const client = ["index", "proto", "kube/index", "testing/index"];
const daemon = ["runtime/index", "runtime/main"];
const formats = [
  { format: "es", extension: "js", entries: [...client, ...daemon] },
  { format: "cjs", extension: "cjs", entries: client },
] as const;

for (const { format, extension, entries } of formats) {
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((name) => [name, partOf(name)])),
    external: (name) => !/^[./]/.test(name),
  });
  await bundle.write({
    dir: "dist",
    format,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: ({ name }) => `${name.replace(/-[A-Z0-9]{8}$/, "")}-[hash].${extension}`,
    manualChunks: (id, { getModuleInfo }) => groupOf(id, getModuleInfo),
    ...{ interop: "auto", esModule: true, dynamicImportInCjs: false, externalLiveBindings: false },
    ...{ generatedCode: "es2015", minifyInternalExports: false },
  });
}
await chmod("dist/runtime/main.js", 0o755);
await rm(parts, { recursive: true });

function partOf(entry: string): string {
  return resolve(parts, `${entry}.js`);
}

/**
 * What a client has: the part that `crikit/proto` has too, the part that the daemon has too, and the rest; then what it
 * loads with its first session.
 */
function groupOf(
  id: string,
  getModuleInfo: GetModuleInfo,
): "messages" | "shared" | "client" | "protocols" | undefined {
  const isIn = (entry: string) => reach(partOf(entry), getModuleInfo).has(id);
  if (!isIn("index"))
    return reach(sessionsOf(getModuleInfo), getModuleInfo).has(id) ? "protocols" : undefined;
  if (isIn("proto")) return "messages";
  return daemon.some(isIn) ? "shared" : "client";
}

/** `src/sessions/protocols.ts` */
function sessionsOf(getModuleInfo: GetModuleInfo): string {
  const client = [...reach(partOf("index"), getModuleInfo)];
  const later = client.flatMap((id) => getModuleInfo(id)?.dynamicallyImportedIds ?? []);
  const found = later.find((id) => /\/protocols-\w+\.js$/.test(id));
  if (found === undefined) throw new Error("The client loads no protocols.ts");
  return found;
}

/** All that is loaded with a file. */
function reach(id: string, getModuleInfo: GetModuleInfo, found = new Set<string>()): Set<string> {
  if (found.has(id)) return found;
  found.add(id);
  for (const imported of getModuleInfo(id)?.importedIds ?? []) reach(imported, getModuleInfo, found);
  return found;
}
