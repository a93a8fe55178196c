import { readdir, readFile } from "node:fs/promises";

import { identifyProcess, killTree, type ProcessIdentity } from "./process.js";

/**
 * Kills all processes of a session, and their descendants, that are in the control group with this name. An
 * orphan keeps its session when it has lost its parents, so this finds what a tree walk cannot. False when there
 * were none.
 */
export async function killSession(session: number, group: string): Promise<boolean> {
  // A process may have made another one while the list was read.
  for (let hasKilled = false; ; hasKilled = true) {
    const members = await findMembers(session, group);
    if (members.length === 0) return hasKilled;
    for (const member of members) await killTree(member);
  }
}

async function findMembers(session: number, group: string): Promise<ProcessIdentity[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const members: ProcessIdentity[] = [];
  for (const pid of pids) {
    if ((await sessionOf(pid)) !== session || !(await isInGroup(pid, group))) continue;
    const identity = await identifyProcess(pid);
    if (identity) members.push(identity);
  }
  return members;
}

async function sessionOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the command in parentheses; the session is the sixth.
  const session = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3];
  return session === undefined ? undefined : Number(session);
}

async function isInGroup(pid: number, group: string): Promise<boolean> {
  const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  return groups.includes(group);
}
