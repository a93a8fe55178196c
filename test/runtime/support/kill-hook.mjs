// Loaded into a daemon before its own code: ends it by SIGKILL at its nth step. Steps are the writing of a record,
// the removal of one or of what the OCI runtime knows of a container, and the start of a program, which then works on
// alone. CRIKIT_TEST_KILL names a file with n: one that is there is read at the start, and SIGUSR2 makes the daemon
// read it and count from there.
import childProcess from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { rename, rm } = promises;
const { spawn } = childProcess;
const file = process.env.CRIKIT_TEST_KILL ?? "";
let left = Number.POSITIVE_INFINITY;

function read() {
  left = Number(readFileSync(file, "utf8"));
  rmSync(file);
}

function step() {
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

if (existsSync(file)) read();
process.on("SIGUSR2", read);

promises.rename = async (from, to) => {
  await rename(from, to);
  if (to.endsWith("/record.json")) step();
};
promises.rm = async (path, options) => {
  if (/\/(root\/(sandboxes|containers|images|layers)|oci\/runc)\/[^/]+$/.test(path)) step();
  await rm(path, options);
};
childProcess.spawn = (...args) => {
  const child = spawn(...args);
  step();
  return child;
};
syncBuiltinESMExports();
