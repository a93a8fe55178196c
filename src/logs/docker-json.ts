import type { LogRecord } from "./format.js";
import { parseTimestamp } from "./timestamp.js";

/**
 * One line of Docker's json-file, which cri-dockerd makes the log of a container: `log` holds the text with its
 * line end. One without has more than 16 KiB to the line, or is the last.
 */
export function parseDockerRecord(line: Buffer): LogRecord | undefined {
  const entry = parseObject(line);
  if (!entry) return undefined;
  const { log, stream, time } = entry;
  if (typeof log !== "string" || typeof time !== "string") return undefined;
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const timeNs = parseTimestamp(time);
  if (timeNs === undefined) return undefined;
  const partial = !log.endsWith("\n");
  return { timeNs, stream, partial, content: Buffer.from(partial ? log : log.slice(0, -1)) };
}

function parseObject(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString());
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
