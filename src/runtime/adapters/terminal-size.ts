import type { TerminalSize } from "../../wire/channels.js";
import { runCommand } from "./run-command.js";

const timeoutMs = 5_000;

/** Sets the size of the terminal that a process has as its input; the kernel tells the programs on it. */
export async function setTerminalSize(pid: number, { columns, rows }: TerminalSize): Promise<void> {
  const args = ["-F", `/proc/${pid}/fd/0`, "rows", `${rows}`, "cols", `${columns}`];
  // A process that has just ended has no terminal any more.
  await runCommand("stty", args, { timeoutMs }).catch(() => {});
}
