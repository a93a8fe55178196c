import { randomInt, randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CriError } from "../errors.js";
import { existsInterface, makeBridge, removeBridge, routedSubnets } from "./bridge.js";
import { isAlive, ownMark, ownNamespace, type ProcessMark } from "./owner.js";

/** What belongs to a claim, so that another process can remove it when the owner is gone. */
export interface Claimed {
  readonly bridge: string;
  /** In CIDR form. */
  readonly subnet: string;
  /** The private directory of the runtime that uses the network. */
  readonly directory: string;
}

export interface NetworkClaim extends Claimed {
  /** Removes the bridge and gives name and subnet back. Done already: nothing happens. */
  release(): Promise<void>;
}

const claimCount = 256;
const draftPrefix = "draft-";
const makeTries = 100;

// A directory for each network namespace has one for each subnet in use, and that holds one file named for its
// owner. Both steps are single renames: a claim moves a filled directory to the subnet's name, which fails when
// that holds a file; taking over from a dead owner renames its file, which only one process can do.
// Not in a temporary directory: those can differ between processes that must not claim the same.
const defaultTop = "/run/crikit-networks";

/**
 * Claims a bridge name and a subnet that no other process on this machine claims or uses. The bridge is made
 * at once: so a container that shares the network, but no files, with us cannot use the same either.
 */
export async function claimNetwork(directory: string, top = defaultTop): Promise<NetworkClaim> {
  const claims = await openClaims(top);
  const owner = await ownMark();
  const routes = await routedSubnets();
  // From a random one on, so that what runs in parallel seldom tries for the same.
  const start = randomInt(claimCount);
  for (let step = 0; step < claimCount; step += 1) {
    const index = (start + step) % claimCount;
    const claimed = { bridge: `crikit-n${index}`, subnet: `10.90.${index}.0/24`, directory };
    if (existsInterface(claimed.bridge) || routes.has(claimed.subnet)) continue;
    const claim = join(claims, `${index}`);
    if (!(await take(claim, owner, claimed))) continue;
    if (await makeBridge(claimed.bridge)) {
      return { ...claimed, release: () => giveBack(claim, owner, claimed) };
    }
    await giveBack(claim, owner, undefined);
  }
  throw new CriError(
    "resource_exhausted",
    `All ${claimCount} subnets for private runtimes (10.90.0.0/16) are in use: dispose runtimes, or look into ${claims}`,
  );
}

/**
 * Takes over the claims of owners that have ended, hands each to `remove` and gives it back. One that cannot
 * be removed stays claimed, so that nobody builds on it, and is tried again by the next sweep.
 */
export async function sweepClaims(
  remove: (claimed: Claimed) => Promise<void>,
  top = defaultTop,
): Promise<void> {
  const claims = await openClaims(top);
  const names = await readdir(claims).catch(() => []);
  await Promise.all(names.map((name) => sweepClaim(join(claims, name), remove)));
}

async function sweepClaim(claim: string, remove: (claimed: Claimed) => Promise<void>): Promise<void> {
  const self = await ownMark();
  // Empty when somebody ended just there. Whoever is just making it makes it anew.
  await rmdir(claim).catch(() => {});
  for (const owner of await readdir(claim).catch(() => [])) {
    if ((await isAlive(owner)) || !(await moved(join(claim, owner), join(claim, self)))) continue;
    try {
      // A draft has claimed nothing yet, whatever it says.
      const claimed = isDraft(claim) ? undefined : await readClaim(join(claim, self));
      if (claimed) await remove(claimed);
      await giveBack(claim, self, claimed);
    } catch {
      await moved(join(claim, self), join(claim, owner));
    }
  }
}

async function take(claim: string, owner: ProcessMark, claimed: Claimed): Promise<boolean> {
  const draft = join(dirname(claim), `${draftPrefix}${randomUUID()}`);
  await makeDirectory(draft);
  const taken = await writeFile(join(draft, owner), JSON.stringify(claimed)).then(
    () => moved(draft, claim),
    () => false,
  );
  if (!taken) await rm(draft, { recursive: true, force: true });
  return taken;
}

// The directories go when they are empty; somebody else's claim keeps them.
async function giveBack(claim: string, owner: ProcessMark, claimed: Claimed | undefined): Promise<void> {
  if (claimed) await removeBridge(claimed.bridge);
  await rm(join(claim, owner), { force: true });
  for (const directory of [claim, dirname(claim), dirname(dirname(claim))]) {
    await rmdir(directory).catch(() => undefined);
  }
}

function isDraft(claim: string): boolean {
  return basename(claim).startsWith(draftPrefix);
}

/** Undefined for what a machine without power cut short: nothing is known, so nothing can be removed. */
async function readClaim(path: string): Promise<Claimed | undefined> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function openClaims(top: string): Promise<string> {
  const claims = join(top, await ownNamespace("net"));
  for (const directory of [top, claims]) await openOwn(directory);
  return claims;
}

// Claims say which directories root may remove: a directory that another user made is not believed.
async function openOwn(directory: string): Promise<void> {
  await makeDirectory(directory);
  const stats = await lstat(directory).catch(() => undefined);
  // The last one to give a claim back has removed it at this very moment: the next draft makes it again.
  if (!stats) return;
  if (stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0) return;
  throw new CriError(
    "permission_denied",
    `${directory} must be a directory that belongs to this user and that nobody else can write: remove it`,
  );
}

/** Again, when a parent is removed while this one is being made, for which Node has either of two codes. */
async function makeDirectory(directory: string): Promise<void> {
  for (let left = makeTries; ; left -= 1) {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return;
    } catch (error) {
      const isRace = ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
      if (left === 0 || !isRace) throw error;
    }
  }
}

function moved(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  );
}
