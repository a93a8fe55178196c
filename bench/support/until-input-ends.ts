import { rmdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/**
 * Reads the standard input by lines, and ends the process with it: however its parent has ended, a server does not
 * stay, nor does the directory of its socket.
 */
export async function untilInputEnds(
  path: string,
  onLine: (line: string) => void = () => {},
): Promise<never> {
  // A signal to the whole group ends the parent, and with it the input.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  for await (const line of createInterface(process.stdin)) onLine(line);
  rmSync(path, { force: true });
  try {
    rmdirSync(dirname(path));
  } catch {
    // Started by hand, on a socket in a directory that holds more than that.
  }
  process.exit();
}
