export interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
}

export interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/** The entries of an /etc/passwd. A line that is not one, as an image may well have, is passed over. */
export function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap(([name = "", , uid = "", gid = ""]) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  );
}

/** The entries of an /etc/group, read as forgivingly. */
export function parseGroup(text: string): GroupEntry[] {
  return lines(text).flatMap(([name = "", , gid = "", members = ""]) =>
    isId(gid) ? [{ name, gid: Number(gid), members: members.split(",").filter(Boolean) }] : [],
  );
}

function lines(text: string): string[][] {
  return text.split("\n").map((line) => line.trim().split(":"));
}

/** Whether a text is a number that the kernel takes as a user or group ID. */
export function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1;
}
