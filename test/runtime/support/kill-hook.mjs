// Loaded into a daemon before its own code: ends it by SIGKILL when it has written, or is about to remove, its
// nth record. CRIKIT_TEST_KILL names a file with n; SIGUSR2 makes the daemon read it and count from there.
import { readFileSync, rmSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { rename, rm } = promises;
const file = process.env.CRIKIT_TEST_KILL ?? "";
let left = Number.POSITIVE_INFINITY;

process.on("SIGUSR2", () => {
  left = Number(readFileSync(file, "utf8"));
  rmSync(file);
});

function step() {
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

promises.rename = async (from, to) => {
  await rename(from, to);
  if (to.endsWith("/record.json")) step();
};
promises.rm = async (path, options) => {
  if (/\/root\/(sandboxes|containers|images|layers)\/[^/]+$/.test(path)) step();
  await rm(path, options);
};
syncBuiltinESMExports();
