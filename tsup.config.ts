import { defineConfig, type Options } from "tsup";
import { directImports } from "./scripts/direct-imports.js";
import { notices } from "./scripts/notices.js";

const client = {
  index: "src/index.ts",
  proto: "src/messages/index.ts",
  "kube/index": "src/kube/index.ts",
  "testing/index": "src/testing/index.ts",
};

const common = {
  target: "node20",
  shims: true,
  splitting: true,
  // docs/decisions/0038-what-is-bundled.md
  noExternal: [/^(@bufbuild|@connectrpc|yaml)/],
  esbuildOptions(options) {
    // Node is told to take yaml's CommonJS, of which nothing could be left out.
    options.alias = { yaml: "./node_modules/yaml/browser/index.js" };
  },
} satisfies Options;

/** All of `dist/` but the types, which `scripts/declarations.ts` adds. */
export default defineConfig([
  {
    ...common,
    entry: { ...client, "runtime/index": "src/runtime/index.ts", "runtime/main": "src/runtime/main.ts" },
    format: ["esm"],
    esbuildPlugins: [directImports(), notices()],
  },
  { ...common, entry: client, format: ["cjs"], esbuildPlugins: [directImports()] },
]);
