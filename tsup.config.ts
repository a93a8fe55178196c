import { defineConfig } from "tsup";
import { directImports } from "./scripts/direct-imports.js";
import { notices } from "./scripts/notices.js";

/** The code of `dist/`, which `scripts/join-chunks.ts` makes of these parts; `scripts/declarations.ts` adds the types. */
export default defineConfig({
  entry: {
    index: "src/index.ts",
    proto: "src/messages/index.ts",
    "kube/index": "src/kube/index.ts",
    "testing/index": "src/testing/index.ts",
    "runtime/index": "src/runtime/index.ts",
    "runtime/main": "src/runtime/main.ts",
  },
  outDir: "dist/parts",
  format: ["esm"],
  target: "node20",
  splitting: true,
  // docs/decisions/0038-what-is-bundled.md
  noExternal: [/^(@bufbuild|@connectrpc|yaml)/],
  esbuildPlugins: [directImports(), notices("dist/licenses.txt")],
  esbuildOptions(options) {
    // Node is told to take yaml's CommonJS, of which nothing could be left out.
    options.alias = { yaml: "./node_modules/yaml/browser/index.js" };
  },
});
