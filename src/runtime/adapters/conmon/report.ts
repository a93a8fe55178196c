import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";

import { CriError } from "../../../errors.js";
import { OciRuntimeError, ociMessage } from "../oci-error.js";
import type { ConmonCreate } from "./monitored.js";

export interface MonitorPipes {
  sync: Readable;
  stderr: Readable;
}

export interface Report {
  line: string;
  /** What conmon itself had to say. */
  stderr: string;
}

/** Reads what the monitor reports once its container is created, or could not be. */
export async function readReport(pipes: MonitorPipes, started: Promise<void>): Promise<Report> {
  try {
    let stderr = "";
    pipes.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [line] = await Promise.all([firstLine(pipes.sync), started]);
    // Nobody is left who could write, so this only waits for what is written already.
    if (line === "") await finished(pipes.stderr);
    return { line, stderr };
  } finally {
    pipes.sync.destroy();
    pipes.stderr.destroy();
  }
}

/** The monitor keeps its end of the pipe open for as long as it lives, so the end of the line is the end. */
async function firstLine(pipe: Readable): Promise<string> {
  for await (const line of createInterface({ input: pipe })) return line;
  return "";
}

/** The report is one JSON line: the pid of the container's init, or -1 and what the OCI runtime said. */
export function parseReport({ line, stderr }: Report, { id, runtime }: ConmonCreate): number {
  const by = `${runtime.path} (handler ${runtime.handler})`;
  let parsed: { pid?: number; data?: number; message?: string };
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    const said = stderr
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(/^\[conmon:\w\]:?\s*/, "");
    const why = said || `no reason was given by ${by}`;
    throw new CriError("internal", `conmon did not create container ${id}: ${why}`, { cause });
  }
  const pid = parsed.pid ?? parsed.data ?? -1;
  if (pid > 0) return pid;
  const output = parsed.message ?? "";
  throw new OciRuntimeError(`Container could not be created by ${by}: ${ociMessage(output)}`, { output });
}
