import { readFile } from "node:fs/promises";

/** A process told apart from a later one with the same PID: `PID-START`, the start in clock ticks since boot. */
export type ProcessMark = string;

export async function ownMark(): Promise<ProcessMark> {
  return `${process.pid}-${await startTime(process.pid)}`;
}

/** Whether the process that bears this mark is still there; a zombie is not. */
export async function isAlive(mark: ProcessMark): Promise<boolean> {
  const [pid, start] = mark.split("-");
  return start !== undefined && (await startTime(Number(pid))) === start;
}

// Fields of /proc/PID/stat are counted after the command name, which may hold blanks and brackets.
async function startTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : fields[19];
}
