import { defineConfig } from "tsup";
import { notices } from "./scripts/notices.js";

const common = { target: "node20", shims: true } as const;

export default defineConfig([
  {
    ...common,
    entry: {
      index: "src/index.ts",
      proto: "src/messages/index.ts",
      "kube/index": "src/kube/index.ts",
      "runtime/index": "src/runtime/index.ts",
      "testing/index": "src/testing/index.ts",
    },
    format: ["esm", "cjs"],
    // tsup knows dependencies, and takes optional ones in.
    external: ["@connectrpc/connect-node"],
    dts: true,
    splitting: true,
    clean: ["**/*", "!runtime/main.{js,licenses.txt}"],
  },
  {
    // The daemon's program is one file with all that it imports: it starts in half the time.
    ...common,
    entry: { "runtime/main": "src/runtime/main.ts" },
    format: ["esm"],
    noExternal: [/.*/],
    // For packages in CommonJS that ask for Node's own modules.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    esbuildPlugins: [notices()],
  },
]);
