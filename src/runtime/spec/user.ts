import { InvalidArgumentError } from "../../errors.js";
import { type LinuxContainerSecurityContext, SupplementalGroupsPolicy } from "../../proto.js";
import { type GroupEntry, isId, type PasswdEntry, parseGroup, parsePasswd } from "./account-files.js";
import { invalid } from "./invalid.js";
import { checkUserFields } from "./user-fields.js";

export interface UserInput {
  /** `USER` of the image: `uid`, `name`, `uid:gid` or `name:group`; empty for root. */
  imageUser: string;
  securityContext: LinuxContainerSecurityContext | undefined;
  /** The image's own /etc/passwd and /etc/group; empty where it has none. */
  passwd: string;
  group: string;
}

/** An `OciUser` with all its groups, the main one among `additionalGids`. */
export interface ResolvedUser {
  uid: number;
  gid: number;
  additionalGids: number[];
}

/**
 * Who the process runs as. The request's user wins over the image's; a number needs no entry in the image,
 * a name does. Groups that the image lists for the user join in unless the policy is `Strict`. Throws
 * `InvalidArgumentError` for a name that the image does not have and for fields that contradict each other.
 */
export function resolveUser({ imageUser, securityContext, passwd, group }: UserInput): ResolvedUser {
  if (securityContext) checkUserFields(securityContext);
  const groups = parseGroup(group);
  const user = chooseUser(securityContext, imageUser, parsePasswd(passwd));
  const asked = securityContext?.runAsGroup;
  const gid = asked ? Number(asked.value) : (imageGroup(securityContext, imageUser, groups) ?? user.gid);

  // The main group is listed too: a file can be closed to that group and open to others.
  const additional = new Set([gid]);
  if (mergesGroups(securityContext) && user.name !== "") {
    for (const entry of groups) if (entry.members.includes(user.name)) additional.add(entry.gid);
  }
  for (const extra of securityContext?.supplementalGroups ?? []) additional.add(Number(extra));
  return { uid: user.uid, gid, additionalGids: [...additional] };
}

function chooseUser(
  securityContext: LinuxContainerSecurityContext | undefined,
  imageUser: string,
  users: PasswdEntry[],
): PasswdEntry {
  const { runAsUser, runAsUsername } = securityContext ?? {};
  if (runAsUser) return byId(users, Number(runAsUser.value));
  const name = runAsUsername || imageUser.split(":")[0] || "0";
  const found = isId(name) ? byId(users, Number(name)) : users.find((entry) => entry.name === name);
  if (found) return found;
  const problem = `"${name}", who is not in the image's /etc/passwd`;
  if (runAsUsername) throw invalid("config.linux.security_context.run_as_username", `is ${problem}`);
  throw new InvalidArgumentError(`The image's own user is ${problem}: set run_as_user`);
}

function byId(users: PasswdEntry[], uid: number): PasswdEntry {
  return users.find((entry) => entry.uid === uid) ?? { name: "", uid, gid: 0 };
}

/** The group of the image's `USER`, which counts only together with the user of the image. */
function imageGroup(
  securityContext: LinuxContainerSecurityContext | undefined,
  imageUser: string,
  groups: GroupEntry[],
): number | undefined {
  if (securityContext?.runAsUser || securityContext?.runAsUsername) return undefined;
  const name = imageUser.split(":")[1];
  if (!name) return undefined;
  if (isId(name)) return Number(name);
  const found = groups.find((entry) => entry.name === name);
  if (found) return found.gid;
  throw new InvalidArgumentError(
    `The image's own group is "${name}", which is not in its /etc/group: set run_as_user and run_as_group`,
  );
}

function mergesGroups(securityContext: LinuxContainerSecurityContext | undefined): boolean {
  const policy = securityContext?.supplementalGroupsPolicy ?? SupplementalGroupsPolicy.Merge;
  if (SupplementalGroupsPolicy[policy] !== undefined) return policy === SupplementalGroupsPolicy.Merge;
  throw invalid(
    "config.linux.security_context.supplemental_groups_policy",
    `is ${policy}, which this runtime does not know`,
  );
}
