import type { IdMappings, OciIdMapping } from "../../oci.js";
import { runCommand } from "../run-command.js";

/** Root of the node, whom no user namespace knows: for owners that the mapping has no place for. */
const nobody = 0;
/** Of the few files of an image that bear such a bit or a capability. */
const maxOutputBytes = 64 * 1024 * 1024;

/**
 * Gives each file of a mounted image to those that its owners are in a user namespace. The setuid and setgid bits
 * and the capabilities, which the kernel takes from a file with a new owner, are given back.
 */
export async function shiftOwners(root: string, ids: IdMappings): Promise<void> {
  const special = await listSpecial(root, ids);
  const capable = await listCapable(root);
  await changeOwners(root, ids);
  for (const [mode, paths] of special) {
    await runCommand("xargs", ["--null", "chmod", mode, "--"], { input: paths.join("\0") });
  }
  for (const { path, capabilities } of capable) {
    await runCommand("setcap", ["-n", `${ids.uids.hostID}`, capabilities, path]);
  }
}

/** All in programs of their own, by one look at each file: big images take their time. */
async function changeOwners(root: string, { uids, gids }: IdMappings): Promise<void> {
  const list = `find "$1" -xdev -printf '%U %G\\n' | sort --unique`;
  const { stdout } = await runCommand("sh", ["-c", list, "sh", root]);
  const owners = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  const cases = owners.map(([uid = 0, gid = 0]) => {
    const owner = `${hostId(uid, uids)}:${hostId(gid, gids)}`;
    const isOwned = ["-uid", `${uid}`, "-gid", `${gid}`];
    return [...isOwned, "-exec", "chown", "--no-dereference", owner, "{}", "+"];
  });
  await runCommand("find", [
    root,
    "-xdev",
    ...cases.flatMap((words, index) => (index ? ["-o", ...words] : words)),
  ]);
}

/** By mode, the files with the setuid or setgid bit whose owners the user namespace has. */
async function listSpecial(root: string, { uids, gids }: IdMappings): Promise<Map<string, string[]>> {
  const format = ["-printf", "%U %G %m %p\\0"];
  const search = [root, "-xdev", "-type", "f", "-perm", "/6000", ...format];
  const { stdout } = await runCommand("find", search, { maxOutputBytes });
  const found = new Map<string, string[]>();
  for (const [, uid, gid, mode = "", path = ""] of stdout.matchAll(/(\d+) (\d+) (\d+) ([^\0]+)\0/g)) {
    if (Number(uid) >= uids.size || Number(gid) >= gids.size) continue;
    found.set(mode, [...(found.get(mode) ?? []), path]);
  }
  return found;
}

async function listCapable(root: string): Promise<{ path: string; capabilities: string }[]> {
  const { stdout } = await runCommand("getcap", ["-r", root], { maxOutputBytes });
  return [...stdout.matchAll(/^(.+) (\S+)$/gm)].map(([, path = "", capabilities = ""]) => ({
    path,
    capabilities,
  }));
}

function hostId(id: number, { hostID, size }: OciIdMapping): number {
  return id < size ? hostID + id : nobody;
}
