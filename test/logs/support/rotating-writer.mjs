// A fast writer and a rotator in one thread of its own. Each line is its number, and its time is the real one.
import {
  closeSync,
  copyFileSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { workerData } from "node:worker_threads";
import { gzipSync } from "node:zlib";

const { path, way, rotations, linesPerFile, keep, waits } = workerData;
const originNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
let line = 0;
let fd = openSync(path, "a");

function now() {
  const ns = originNs + process.hrtime.bigint();
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, "0")}Z`;
}

function write(count) {
  for (const end = line + count; line < end; line++) writeSync(fd, `${now()} stdout F ${line}\n`);
}

function rotated() {
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${basename(path)}.`))
    .sort()
    .map((name) => join(dirname(path), name));
}

/** As kubelet does it, with a second for each rotation. */
function kubelet(rotation) {
  const old = rotated();
  for (const name of old.splice(0, Math.max(old.length - keep, 0))) rmSync(name);
  for (const name of old) {
    if (name.endsWith(".gz")) continue;
    writeFileSync(`${name}.tmp`, gzipSync(readFileSync(name)));
    renameSync(`${name}.tmp`, `${name}.gz`);
    rmSync(name);
  }
  const time = new Date(Date.UTC(2026, 0, 2) + rotation * 1_000).toISOString();
  renameSync(
    path,
    `${path}.${time.slice(0, 10).replaceAll("-", "")}-${time.slice(11, 19).replaceAll(":", "")}`,
  );
  // The runtime writes to the old file until it is told, and has the new one open before it leaves the old one.
  write(5);
  const next = openSync(path, "a");
  write(5);
  closeSync(fd);
  fd = next;
}

/** As conmon does it. */
function replace() {
  closeSync(fd);
  fd = openSync(`${path}.tmp`, "w");
  renameSync(`${path}.tmp`, path);
}

/** As logrotate does it with `copytruncate`. */
function copyTruncate() {
  for (let number = keep; number > 0; number--) {
    try {
      renameSync(`${path}.${number}`, `${path}.${number + 1}`);
    } catch {}
  }
  rmSync(`${path}.${keep + 1}`, { force: true });
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}

/** Until this process has what is at the path open, and not many more. */
function waitForReader() {
  for (;;) {
    const targets = readdirSync("/proc/self/fd")
      .filter((name) => Number(name) !== fd)
      .map(targetOf);
    if (targets.includes(path) && targets.filter((target) => target.startsWith(path)).length < 16) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

function targetOf(name) {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    return "";
  }
}

const rotate = { kubelet, replace, copyTruncate }[way];
for (let rotation = 0; rotation < rotations; rotation++) {
  write(linesPerFile);
  // What is gone before anyone looks is nobody's loss.
  if (waits || rotation === 0) waitForReader();
  rotate(rotation);
}
write(linesPerFile);
closeSync(fd);
