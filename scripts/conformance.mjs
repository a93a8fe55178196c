#!/usr/bin/env node
// `npm run conformance`: all set-up, then the official suite on the bundled runtime, or on the one at ENDPOINT.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { SetupError } from "./setup/apt.mjs";
import { projectDirectory } from "./setup/packages.mjs";
import { runTask, setUp } from "./setup.mjs";
import { fetchSuite } from "./test-programs.mjs";

await runTask(async () => {
  const ownRuntime = !process.env.ENDPOINT;
  if (process.getuid?.() !== 0)
    throw new SetupError("The official suite mounts and needs root: run with sudo");
  setUp({ runtime: ownRuntime });
  fetchSuite();
  const suite = ["--import", "tsx", "test/conformance/main.ts", ...process.argv.slice(2)];
  // The suite makes System V shared memory and leaves it. In a namespace of its own it goes with the last process.
  const [program, ...args] = [...(ownRuntime ? ["unshare", "--ipc"] : []), process.execPath, ...suite];
  const run = spawn(program, args, { cwd: projectDirectory, stdio: "inherit" });
  // The terminal sends Ctrl-C to the suite as well, which then cleans up; this process waits for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => run.kill("SIGTERM"));
  const [code] = await once(run, "exit");
  process.exitCode = code ?? 1;
});
