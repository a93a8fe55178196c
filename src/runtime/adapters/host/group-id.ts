import { readFile } from "node:fs/promises";

/** The number of a group, which may be given by it as well; undefined when the host has no such group. */
export async function groupId(group: string, file = "/etc/group"): Promise<number | undefined> {
  if (/^\d+$/.test(group)) return Number(group);
  const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split(":"));
  const [, , gid] = lines.find(([name]) => name === group) ?? [];
  return gid === undefined || gid === "" ? undefined : Number(gid);
}
