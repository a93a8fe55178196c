import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { startRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Claimed } from "../../src/testing/network-claim.js";
import { findLeaks } from "../support/leaks.js";
import {
  claimsBelow,
  findAllLeaks,
  type Owned,
  type OwnerProcess,
  spawnOwner,
} from "../support/owner-process.js";
import { until } from "../support/until.js";

const run = promisify(execFile);

let scratch: string;
/** The temporary directory of the runtimes in a test. */
let directory: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "crikit-test-"));
  directory = join(scratch, "tmp");
  await mkdir(directory);
  vi.stubEnv("TMPDIR", directory);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(scratch, { recursive: true, force: true });
});

function spawnOne(options: { exit?: boolean; importFrom?: string } = {}): OwnerProcess {
  return spawnOwner({ logDirectory: join(scratch, "logs"), ...options });
}

/** Runs a container, then leaves everything behind in the given way. */
async function abandon(how: (owner: OwnerProcess) => Promise<unknown>, options = {}): Promise<Owned> {
  const owner = spawnOne(options);
  const [owned] = await owner.owned;
  if (owned === undefined) throw new Error("No runtime was started");
  await how(owner);
  expect((await findLeaks(owned)).length).toBeGreaterThan(5);
  return owned;
}

async function startAndStop(): Promise<void> {
  await using _runtime = await startRuntime();
}

test.each([
  ["was killed", (owner: OwnerProcess) => owner.kill(), {}],
  ["was killed with its process group", (owner: OwnerProcess) => owner.kill("group"), {}],
  ["has called process.exit()", ({ child }: OwnerProcess) => once(child, "exit"), { exit: true }],
])("what an owner that %s has left is removed by the next start", async (_, how, options) => {
  const owned = await abandon(how, options);
  await startAndStop();
  expect(await findLeaks(owned)).toEqual([]);
  expect(await findAllLeaks(directory)).toEqual([]);
});

test("what an owner that was killed while it started has left is removed, whenever that was", async () => {
  const claimed: Claimed[] = [];
  for (const delayMs of [0, 20, 50, 100, 150, 200, 300, 400]) {
    const owner = spawnOne();
    // It has swept what the one before has left, and begun.
    const others = new Set(claimed.map((claim) => claim.directory));
    const isNew = (claim: Claimed) => !others.has(claim.directory);
    await until("the owner has claimed", async () => (await claimsBelow(directory)).some(isNew));
    await sleep(delayMs);
    await owner.kill();
    claimed.push(...(await claimsBelow(directory)).filter(isNew));
  }
  await startAndStop();
  expect(await findAllLeaks(directory, claimed)).toEqual([]);
});

test("what an owner that was killed while it imported an image has left is removed", async () => {
  const importFrom = join(scratch, "fifo");
  await run("mkfifo", [importFrom]);
  const owner = spawnOne({ importFrom });
  // Opened as soon as the owner reads it, which then waits for what is in it.
  await using _fifo = await open(importFrom, "w");
  await owner.kill();
  await startAndStop();
  expect(await findAllLeaks(directory)).toEqual([]);
});

test("what a killed owner has left is removed by another one when the sweeper is killed as well", async () => {
  const owned = await abandon((owner) => owner.kill());
  const claimed = [];
  for (const delayMs of [150, 250, 350, 450]) {
    const sweeper = spawnOne();
    await sleep(delayMs);
    await sweeper.kill();
    claimed.push(...(await claimsBelow(directory)));
  }
  await startAndStop();
  expect(await findLeaks(owned)).toEqual([]);
  expect(await findAllLeaks(directory, claimed)).toEqual([]);
});

test("two starts at the same time remove what was left, and both succeed", async () => {
  const owned = await abandon((owner) => owner.kill());
  const owners = [spawnOne(), spawnOne()];
  const started = await Promise.all(owners.map((owner) => owner.owned));
  expect(await findLeaks(owned)).toEqual([]);
  expect(new Set(started.flat().map(({ network }) => network.subnet)).size).toBe(2);
  expect(await Promise.all(owners.map((owner) => owner.end()))).toEqual([0, 0]);
  expect(await findAllLeaks(directory)).toEqual([]);
});

test("what cannot be removed does not keep a runtime from starting, and is tried again by the next start", async () => {
  const owned = await abandon((owner) => owner.kill());
  const obstacle = join(owned.directory, "obstacle");
  await mkdir(obstacle);
  await run("mount", ["-t", "tmpfs", "none", obstacle]);
  try {
    await startAndStop();
    expect(await claimsBelow(directory)).toHaveLength(1);
  } finally {
    await run("umount", [obstacle]);
  }
  await startAndStop();
  expect(await findLeaks(owned)).toEqual([]);
  expect(await findAllLeaks(directory)).toEqual([]);
});
