import type { LogRecord } from "./format.js";
import { parseTimestamp } from "./timestamp.js";

/**
 * One line of Docker's json-file, which cri-dockerd makes the log of a container: `log` holds the text with its
 * line end. One without has more than 16 KiB to the line, or is the last.
 */
export function parseDockerRecord(line: Buffer, from: number, to: number): LogRecord | undefined {
  const entry = parseObject(line.toString("utf8", from, to));
  if (!entry) return undefined;
  const { log, stream, time } = entry;
  if (typeof log !== "string" || typeof time !== "string") return undefined;
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const timestamp = parseTimestamp(time);
  if (!timestamp) return undefined;
  const partial = !log.endsWith("\n");
  const bytes = Buffer.from(partial ? log : log.slice(0, -1));
  return { ...timestamp, stream, partial, bytes, start: 0, end: bytes.length, torn: false, gapBefore: false };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
