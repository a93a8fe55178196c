import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    proto: "src/proto.ts",
    "runtime/index": "src/runtime/index.ts",
    "runtime/main": "src/runtime/main.ts",
    "testing/index": "src/testing/index.ts",
  },
  format: ["esm", "cjs"],
  target: "node20",
  dts: true,
  splitting: true,
  sourcemap: true,
  clean: true,
  shims: true,
});
