import { open } from "node:fs/promises";
import type { Container } from "../../api/container.js";

const bytesAtMost = 4096;
const logBytesAtMost = 2048;
const logLinesAtMost = 80;

export interface LastWordsOptions {
  readonly messagePath: string;
  /** The end of the log, for a container that has left no message. */
  readonly fromLog: boolean;
}

/** What a container that has ended has left to tell why; empty when that is nothing, or cannot be read. */
export async function lastWords(
  container: Container,
  { messagePath, fromLog }: LastWordsOptions,
): Promise<string> {
  try {
    const message = await readStart(messagePath);
    return message === "" && fromLog ? await logEnd(container) : message;
  } catch {
    // Its end counts, with or without words.
    return "";
  }
}

async function readStart(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytesAtMost), 0, bytesAtMost, 0);
    return buffer.toString("utf8", 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}

async function logEnd(container: Container): Promise<string> {
  const lines: string[] = [];
  for await (const { text } of container.logs({ tail: logLinesAtMost })) lines.push(text);
  return lines.join("\n").slice(-logBytesAtMost).trim();
}
