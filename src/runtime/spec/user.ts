import { InvalidArgumentError } from "../../errors.js";
import { type LinuxContainerSecurityContext, SupplementalGroupsPolicy } from "../../proto.js";
import type { OciUser } from "../oci.js";

export interface UserInput {
  /** `USER` of the image: `uid`, `name`, `uid:gid` or `name:group`; empty for root. */
  imageUser: string;
  securityContext: LinuxContainerSecurityContext | undefined;
  /** The image's own /etc/passwd and /etc/group; empty where it has none. */
  passwd: string;
  group: string;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

const context = "config.linux.security_context";

/**
 * Who the process runs as. The request's user wins over the image's, a number needs no entry in the image,
 * and a name does. Groups that the image lists for the user join in unless the policy is `Strict`.
 */
export function resolveUser({ imageUser, securityContext, passwd, group }: UserInput): OciUser {
  const users = parsePasswd(passwd);
  const groups = parseGroup(group);
  const runAsUser = securityContext?.runAsUser;
  const runAsUsername = securityContext?.runAsUsername ?? "";
  const runAsGroup = securityContext?.runAsGroup;
  if (runAsGroup && !runAsUser && runAsUsername === "") {
    throw new InvalidArgumentError(
      `${context}.run_as_group needs run_as_user or run_as_username: a group alone would leave the user to the image`,
      { field: `${context}.run_as_group` },
    );
  }
  const [imageName = "", imageGroup] = imageUser.split(":");
  const asked = runAsUser ? String(runAsUser.value) : runAsUsername || imageName || "0";
  const user = findUser(users, asked, runAsUser || runAsUsername ? context : "the image's USER");
  const ownGroup = !runAsUser && !runAsUsername && imageGroup ? findGroup(groups, imageGroup) : user.gid;
  const gid = runAsGroup ? Number(runAsGroup.value) : ownGroup;

  const additional = new Set<number>([gid]);
  if (securityContext?.supplementalGroupsPolicy !== SupplementalGroupsPolicy.Strict) {
    for (const entry of groups) if (user.name && entry.members.includes(user.name)) additional.add(entry.gid);
  }
  for (const extra of securityContext?.supplementalGroups ?? []) additional.add(Number(extra));
  return { uid: user.uid, gid, additionalGids: [...additional] };
}

function findUser(users: PasswdEntry[], asked: string, where: string): PasswdEntry {
  if (/^\d+$/.test(asked)) {
    const uid = Number(asked);
    return users.find((entry) => entry.uid === uid) ?? { name: "", uid, gid: 0 };
  }
  const found = users.find((entry) => entry.name === asked);
  if (found) return found;
  throw new InvalidArgumentError(`User "${asked}" of ${where} is not in the image's /etc/passwd`, {
    field: `${context}.run_as_username`,
  });
}

function findGroup(groups: GroupEntry[], asked: string): number {
  if (/^\d+$/.test(asked)) return Number(asked);
  const found = groups.find((entry) => entry.name === asked);
  if (found) return found.gid;
  throw new InvalidArgumentError(`Group "${asked}" of the image's USER is not in its /etc/group`);
}

function parsePasswd(text: string): PasswdEntry[] {
  return fields(text, 4).map(([name = "", , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
}

function parseGroup(text: string): GroupEntry[] {
  return fields(text, 3).map(([name = "", , gid, members = ""]) => ({
    name,
    gid: Number(gid),
    members: members.split(",").filter(Boolean),
  }));
}

function fields(text: string, least: number): string[][] {
  const rows = text.split("\n").map((line) => line.trim().split(":"));
  return rows.filter((row) => row.length >= least && /^\d+$/.test(row[2] ?? ""));
}
