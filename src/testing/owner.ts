import { readFile, readlink } from "node:fs/promises";

/**
 * A process told apart from a later one with the same PID, and from those of other containers that share a
 * directory with us: `PID-START-NAMESPACES`, the start in clock ticks since boot.
 */
export type ProcessMark = string;

export async function ownMark(): Promise<ProcessMark> {
  return markOf(process.pid);
}

export async function markOf(pid: number): Promise<ProcessMark> {
  return `${pid}-${await startTime(pid)}-${await ownNamespaces()}`;
}

/** Whether the process is still there; a zombie is not. One of another container counts: we cannot tell. */
export async function isAlive(mark: ProcessMark): Promise<boolean> {
  const [pid, start, namespaces] = mark.split("-");
  if (namespaces !== undefined && namespaces !== (await ownNamespaces())) return true;
  return start !== undefined && (await startTime(Number(pid))) === start;
}

/** The number of the namespace that this process has of a kind: `net`, `mnt`, `pid`. */
export async function ownNamespace(kind: "net" | "mnt" | "pid"): Promise<string> {
  const link = await readlink(`/proc/self/ns/${kind}`);
  return link.replace(/\D/g, "");
}

// Who shares these two with us can be seen by us, and what it has mounted can be unmounted.
async function ownNamespaces(): Promise<string> {
  return `${await ownNamespace("pid")}.${await ownNamespace("mnt")}`;
}

// Fields of /proc/PID/stat are counted after the command name, which may hold blanks and brackets.
async function startTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : fields[19];
}
