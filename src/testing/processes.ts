import { readdir, readFile } from "node:fs/promises";

/** The arguments of every process that has some, each ended by a zero, by its PID. */
export async function commandLines(): Promise<Map<number, string>> {
  return readAll("cmdline");
}

export async function childrenOf(parents: readonly number[]): Promise<number[]> {
  const stats = [...(await readAll("stat"))];
  // Fields are counted after the command name, which may hold blanks and brackets.
  const parentOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  return stats.filter(([, stat]) => parents.includes(parentOf(stat))).map(([pid]) => pid);
}

async function readAll(file: "cmdline" | "stat"): Promise<Map<number, string>> {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
  );
  return new Map(
    pids.map((pid, index) => [pid, texts[index] ?? ""] as const).filter(([, text]) => text !== ""),
  );
}
