import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^crikit$/, replacement: source("src/index.ts") },
      { find: /^crikit\/proto$/, replacement: source("src/messages/index.ts") },
      { find: /^crikit\/kube$/, replacement: source("src/kube/index.ts") },
      { find: /^crikit\/runtime$/, replacement: source("src/runtime/index.ts") },
      { find: /^crikit\/testing$/, replacement: source("src/testing/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // For what hangs: a busy machine takes ten times as long as an idle one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: "forks",
    maxWorkers: 2,
    // Newer ones than Debian 12's, where `scripts/test-programs.mjs` could fetch them.
    env: {
      PATH: [
        ...["criu", "crun"].map((name) => source(`.cache/test-programs/${name}/bin`)),
        process.env.PATH,
      ].join(":"),
    },
  },
});
