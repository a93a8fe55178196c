import { randomInt, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CriError } from "../errors.js";
import { isAlive, ownMark } from "./owner.js";
import { temporaryDirectory } from "./temporary-directory.js";

/** What belongs to a claim, so that another process can remove it when the owner is gone. */
export interface Claimed {
  readonly bridge: string;
  /** In CIDR form. */
  readonly subnet: string;
  /** The private directory of the runtime that uses the network. */
  readonly directory: string;
}

export interface NetworkClaim extends Claimed {
  /** Gives bridge and subnet back. Done already: nothing happens. */
  release(): Promise<void>;
}

const claimCount = 256;

// One directory per subnet, holding one file named for its owner. Both steps are single renames: a claim
// moves a filled directory to the subnet's name, which fails when that holds a file; taking over from a dead
// owner renames its file, which only one process can do.
const claimsDirectory = () => join(temporaryDirectory(), "crikit-networks");

/** Claims a bridge name and a subnet that no other process on this machine claims or uses. */
export async function claimNetwork(directory: string): Promise<NetworkClaim> {
  const claims = await openClaims();
  const owner = await ownMark();
  const routes = await routedSubnets();
  // From a random one on, so that what runs in parallel seldom tries for the same.
  const start = randomInt(claimCount);
  for (let step = 0; step < claimCount; step += 1) {
    const index = (start + step) % claimCount;
    const claimed = { bridge: `crikit-n${index}`, subnet: `10.90.${index}.0/24`, directory };
    if (existsSync(`/sys/class/net/${claimed.bridge}`) || routes.has(`10.90.${index}`)) continue;
    if (!(await take(claims, index, owner, claimed))) continue;
    return { ...claimed, release: () => release(claims, index, owner) };
  }
  throw new CriError(
    "resource_exhausted",
    `All ${claimCount} subnets for private runtimes (10.90.0.0/16) are in use: dispose runtimes, or look into ${claims}`,
  );
}

/**
 * Takes over the claims of owners that have ended and hands each to `remove`, then gives it back. One that
 * cannot be removed stays claimed by us until we end, so that nobody builds on it.
 */
export async function sweepClaims(remove: (claimed: Claimed) => Promise<void>): Promise<void> {
  const claims = await openClaims();
  const self = await ownMark();
  for (const index of await list(claims)) {
    for (const owner of await list(join(claims, index))) {
      if (await isAlive(owner)) continue;
      const ours = join(claims, index, self);
      const isOurs = await rename(join(claims, index, owner), ours).then(
        () => true,
        () => false,
      );
      if (!isOurs) continue;
      try {
        await remove(JSON.parse(await readFile(ours, "utf8")));
      } catch {
        continue;
      }
      await release(claims, Number(index), self);
    }
  }
}

// Claims say which directories root may remove: a directory that another user made is not believed.
async function openClaims(): Promise<string> {
  const path = claimsDirectory();
  await mkdir(path, { recursive: true, mode: 0o700 });
  const stats = await lstat(path);
  if (stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0) return path;
  throw new CriError(
    "permission_denied",
    `${path} must be a directory that belongs to this user and that nobody else can write: remove it`,
  );
}

async function take(claims: string, index: number, owner: string, claimed: Claimed): Promise<boolean> {
  const draft = join(claims, `.${randomUUID()}`);
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await writeFile(join(draft, owner), JSON.stringify(claimed));
  try {
    await rename(draft, join(claims, `${index}`));
    return true;
  } catch {
    await rm(draft, { recursive: true, force: true });
    return false;
  }
}

// The directories go when they are empty; somebody else's claim keeps them.
async function release(claims: string, index: number, owner: string): Promise<void> {
  await rm(join(claims, `${index}`, owner), { force: true });
  await rmdir(join(claims, `${index}`)).catch(() => undefined);
  await rmdir(claims).catch(() => undefined);
}

async function list(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => !name.startsWith("."));
}

/** The first three numbers of every destination in the routing table that lies in 10.90.0.0/16. */
async function routedSubnets(): Promise<Set<string>> {
  const table = await readFile("/proc/net/route", "utf8").catch(() => "");
  const rows = table.split("\n").slice(1);
  // Little-endian hexadecimal: 10.90.7.0 is 00075A0A.
  const found = rows.map((row) => row.split("\t")[1] ?? "").filter((hex) => hex.endsWith("5A0A"));
  return new Set(found.map((hex) => `10.90.${Number.parseInt(hex.slice(2, 4), 16)}`));
}
