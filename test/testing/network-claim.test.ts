import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Claimed, claimNetwork, sweepClaims } from "../../src/testing/network-claim.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-"));
  vi.stubEnv("TMPDIR", directory);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

/** Makes a claim of ours look like that of a process that has ended. */
async function orphan(owner: string): Promise<void> {
  const claims = join(directory, "crikit-networks");
  const [index = ""] = await readdir(claims);
  const [mark = ""] = await readdir(join(claims, index));
  await rename(join(claims, index, mark), join(claims, index, owner));
}

async function endedProcess(): Promise<string> {
  const child = spawn("true");
  await once(child, "exit");
  return `${child.pid}-1`;
}

test("many claims at once are all different, and leave nothing when released", async () => {
  const claims = await Promise.all(
    Array.from({ length: 40 }, (_, index) => claimNetwork(`/tmp/crikit-${index}`)),
  );
  expect(new Set(claims.map(({ subnet }) => subnet)).size).toBe(40);
  expect(new Set(claims.map(({ bridge }) => bridge)).size).toBe(40);
  await Promise.all(claims.map((claim) => claim.release()));
  expect(await readdir(directory)).toEqual([]);
});

test("the claim of an ended process is taken over by one of many sweepers, which is told what it was", async () => {
  const claim = await claimNetwork("/tmp/crikit-abandoned");
  await orphan(await endedProcess());
  const removed: Claimed[] = [];
  const sweeps = Array.from({ length: 10 }, () => sweepClaims(async (claimed) => void removed.push(claimed)));
  await Promise.all(sweeps);
  const { bridge, subnet } = claim;
  expect(removed).toEqual([{ bridge, subnet, directory: "/tmp/crikit-abandoned" }]);
  expect(await readdir(directory)).toEqual([]);
});

test("a later process with the same PID is not the owner", async () => {
  await claimNetwork("/tmp/crikit-abandoned");
  await orphan(`${process.pid}-1`);
  const removed: Claimed[] = [];
  await sweepClaims(async (claimed) => void removed.push(claimed));
  expect(removed).toHaveLength(1);
});

test("the claim of a living process is left alone", async () => {
  await claimNetwork("/tmp/crikit-mine");
  await sweepClaims(() => Promise.reject(new Error("it was swept")));
  expect(await readdir(join(directory, "crikit-networks"))).toHaveLength(1);
});

test("what cannot be removed stays claimed", async () => {
  await claimNetwork("/tmp/crikit-abandoned");
  await orphan(await endedProcess());
  await sweepClaims(() => Promise.reject(new Error("busy")));
  expect(await readdir(join(directory, "crikit-networks"))).toHaveLength(1);
});

test("claims in a directory that others may write are not believed", async () => {
  await mkdir(join(directory, "crikit-networks"));
  await chmod(join(directory, "crikit-networks"), 0o777);
  await expect(claimNetwork("/tmp/crikit-x")).rejects.toMatchObject({ code: "permission_denied" });
});
