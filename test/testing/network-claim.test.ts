import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type Claimed,
  claimNetwork,
  type NetworkClaim,
  sweepClaims,
} from "../../src/testing/network-claim.js";
import { ownMark, ownNamespace } from "../../src/testing/owner.js";

const run = promisify(execFile);

let directory: string;
/** Of this test alone. */
let top: string;
let claimed: NetworkClaim[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-"));
  top = join(directory, "networks");
  claimed = [];
});
afterEach(async () => {
  await Promise.all(claimed.map((claim) => claim.release()));
  await rm(directory, { recursive: true, force: true });
});

async function claim(owned: string): Promise<NetworkClaim> {
  const made = await claimNetwork(owned, top);
  claimed.push(made);
  return made;
}

async function claimsDirectory(): Promise<string> {
  return join(top, await ownNamespace("net"));
}

/** Makes the one claim look like that of another owner. */
async function giveTo(owner: string): Promise<void> {
  const claims = await claimsDirectory();
  const [index = ""] = await readdir(claims);
  const [mark = ""] = await readdir(join(claims, index));
  await rename(join(claims, index, mark), join(claims, index, owner));
}

async function endedProcess(): Promise<string> {
  const child = spawn("true");
  await once(child, "exit");
  const [, , namespaces] = (await ownMark()).split("-");
  return `${child.pid}-1-${namespaces}`;
}

function hasInterface({ bridge }: Claimed): boolean {
  return existsSync(`/sys/class/net/${bridge}`);
}

test("many claims at once are all different, and leave nothing when released", async () => {
  const claims = await Promise.all(Array.from({ length: 40 }, (_, index) => claim(`/tmp/crikit-${index}`)));
  expect(new Set(claims.map(({ subnet }) => subnet)).size).toBe(40);
  expect(new Set(claims.map(({ bridge }) => bridge)).size).toBe(40);
  expect(claims.filter(hasInterface)).toHaveLength(40);
  await Promise.all(claims.map((each) => each.release()));
  expect(claims.filter(hasInterface)).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

test("the first of those that come does not mind that the last of those that go has just cleared away", async () => {
  let isOver = false;
  const goes = (async () => {
    while (!isOver)
      for (const path of [await claimsDirectory(), top]) await rmdir(path).catch(() => undefined);
  })();
  const comes = Array.from({ length: 500 }, () => sweepClaims(async () => {}, top));
  await Promise.all(comes).finally(() => {
    isOver = true;
  });
  await goes;
});

test("processes that share the network but no files claim different subnets", async () => {
  const claims = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      claimNetwork(`/tmp/crikit-${index}`, join(directory, `${index}`)),
    ),
  );
  claimed.push(...claims);
  expect(new Set(claims.map(({ subnet }) => subnet)).size).toBe(40);
});

test("the claim of an ended process is taken over by one of many sweepers, which is told what it was", async () => {
  const abandoned = await claim("/tmp/crikit-abandoned");
  await giveTo(await endedProcess());
  const removed: Claimed[] = [];
  const sweeps = Array.from({ length: 10 }, () =>
    sweepClaims(async (found) => void removed.push(found), top),
  );
  await Promise.all(sweeps);
  const { bridge, subnet } = abandoned;
  expect(removed).toEqual([{ bridge, subnet, directory: "/tmp/crikit-abandoned" }]);
  expect(hasInterface(abandoned)).toBe(false);
  expect(await readdir(directory)).toEqual([]);
});

test("a later process with the same PID is not the owner", async () => {
  await claim("/tmp/crikit-abandoned");
  const [, , namespaces] = (await ownMark()).split("-");
  await giveTo(`${process.pid}-1-${namespaces}`);
  const removed: Claimed[] = [];
  await sweepClaims(async (found) => void removed.push(found), top);
  expect(removed).toHaveLength(1);
});

test("the claim of a living process is left alone", async () => {
  await claim("/tmp/crikit-mine");
  await sweepClaims(() => Promise.reject(new Error("it was swept")), top);
  expect(await readdir(await claimsDirectory())).toHaveLength(1);
});

test("the claim of a process in another container is left alone, as nobody here can tell whether it lives", async () => {
  await claim("/tmp/crikit-elsewhere");
  await giveTo("1-1-4026530000.4026530001");
  const removed: Claimed[] = [];
  await sweepClaims(async (found) => void removed.push(found), top);
  expect(removed).toEqual([]);
});

test("what cannot be removed stays claimed, and the next sweep tries again", async () => {
  const abandoned = await claim("/tmp/crikit-abandoned");
  await giveTo(await endedProcess());
  await sweepClaims(() => Promise.reject(new Error("busy")), top);
  expect(await readdir(await claimsDirectory())).toEqual([abandoned.subnet.split(".")[2]]);
  const removed: Claimed[] = [];
  await sweepClaims(async (found) => void removed.push(found), top);
  expect(removed).toHaveLength(1);
  expect(await readdir(directory)).toEqual([]);
});

test("a sweeper that was killed at its work is followed by another one", async () => {
  const abandoned = await claim("/tmp/crikit-abandoned");
  await giveTo(await endedProcess());
  const script = `
    import { sweepClaims } from ${JSON.stringify(new URL("../../src/testing/network-claim.ts", import.meta.url).href)};
    await sweepClaims(() => process.kill(process.pid, "SIGKILL"), ${JSON.stringify(top)});`;
  const node = ["--import", "tsx", "--input-type=module", "--eval", script];
  await expect(run(process.execPath, node)).rejects.toMatchObject({ signal: "SIGKILL" });
  const removed: Claimed[] = [];
  await sweepClaims(async (found) => void removed.push(found), top);
  expect(removed.map(({ bridge }) => bridge)).toEqual([abandoned.bridge]);
});

test("what a killed process has left of a claim it was about to make goes, and nobody else's things with it", async () => {
  const living = await claim("/tmp/crikit-mine");
  const claims = await claimsDirectory();
  await mkdir(join(claims, "draft-empty"));
  await mkdir(join(claims, "draft-filled"));
  const { bridge, subnet } = living;
  const content = JSON.stringify({ bridge, subnet, directory: "/tmp/crikit-other" });
  await writeFile(join(claims, "draft-filled", await endedProcess()), content);
  await sweepClaims(() => Promise.reject(new Error("it was removed")), top);
  expect(await readdir(claims)).toEqual([subnet.split(".")[2]]);
  expect(hasInterface(living)).toBe(true);
});

test("a claim that a host without power cut short is dropped", async () => {
  const abandoned = await claim("/tmp/crikit-abandoned");
  const owner = await endedProcess();
  await giveTo(owner);
  const index = abandoned.subnet.split(".")[2] ?? "";
  await writeFile(join(await claimsDirectory(), index, owner), '{"bridge":');
  await sweepClaims(() => Promise.reject(new Error("it was removed")), top);
  expect(await readdir(directory)).toEqual([]);
});

test("claims in a directory that others may write are not believed", async () => {
  await mkdir(top);
  await chmod(top, 0o777);
  await expect(claimNetwork("/tmp/crikit-x", top)).rejects.toMatchObject({
    code: "permission_denied",
    message: expect.stringContaining(basename(top)),
  });
});
