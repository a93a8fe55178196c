#!/usr/bin/env node
// `npm run quickstart`: all set-up, then examples/quickstart.ts on the built package.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { projectDirectory } from "./setup/packages.mjs";
import { runTask, setUp } from "./setup.mjs";

await runTask(async () => {
  const args = process.argv.slice(2);
  const ownRuntime = !args.some((arg) => arg === "--endpoint" || arg.startsWith("--endpoint="));
  setUp({ runtime: ownRuntime });
  // Not through tsx's own command: it may leave before the story when both get Ctrl-C.
  const story = spawn(process.execPath, ["--import", "tsx", "examples/quickstart.ts", ...args], {
    cwd: projectDirectory,
    env: { ...process.env, TSX_TSCONFIG_PATH: "examples/tsconfig.json" },
    stdio: "inherit",
  });
  // The terminal sends Ctrl-C to the story as well, which then cleans up; this process waits for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => story.kill("SIGTERM"));
  const [code] = await once(story, "exit");
  process.exitCode = code ?? 1;
});
