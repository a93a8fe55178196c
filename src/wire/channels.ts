/** What the channels of a session carry, by the names that SPDY's streams bear. */
export const streamTypes = ["error", "stdin", "stdout", "stderr", "resize"] as const;
export type StreamType = (typeof streamTypes)[number];

/** The newest version of the exec and attach protocol that SPDY has: the status is JSON. */
export const statusProtocol = "v4.channel.k8s.io";

/** How a session has ended, as its error channel says it. */
export type SessionStatus =
  /** The command has ended with this code, or 128 and the number of the signal that ended it. */
  | { kind: "exit"; exitCode: number }
  /** The runtime could not do it, for example because the command does not exist. */
  | { kind: "failure"; message: string };

interface StatusMessage {
  status?: string;
  reason?: string;
  message?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** Reads the text of an error channel of version 4 or later; text that is no JSON is a failure's message. */
export function parseStatus(text: string): SessionStatus {
  let message: StatusMessage;
  try {
    message = JSON.parse(text);
  } catch {
    return { kind: "failure", message: text.trim() };
  }
  if (message?.status === "Success") return { kind: "exit", exitCode: 0 };
  const code = message?.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (message?.reason === "NonZeroExitCode" && code !== undefined && /^\d+$/.test(code)) {
    return { kind: "exit", exitCode: Number(code) };
  }
  return { kind: "failure", message: message?.message ?? text.trim() };
}

/** The text of an error channel for such an end. */
export function printStatus(status: SessionStatus): string {
  if (status.kind === "failure") {
    const { message } = status;
    return JSON.stringify({ status: "Failure", message, reason: "InternalError", code: 500 });
  }
  if (status.exitCode === 0) return JSON.stringify({ status: "Success" });
  return JSON.stringify({
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${status.exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(status.exitCode) }] },
  });
}

/** A terminal's size in characters. */
export interface TerminalSize {
  /** Characters in a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
}

export function printSize({ columns, rows }: TerminalSize): string {
  return `${JSON.stringify({ Width: columns, Height: rows })}\n`;
}
