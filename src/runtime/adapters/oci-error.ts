import { CriError } from "../../errors.js";

/** Thrown when the OCI runtime refused: its own words, without the decoration of its log. */
export class OciRuntimeError extends CriError {
  /** All that it printed. */
  readonly output: string;

  constructor(message: string, options: { output: string; cause?: unknown }) {
    super("internal", message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "OciRuntimeError";
    this.output = options.output;
  }
}

/** The last error among what an OCI runtime printed: in logfmt, JSON or plain text. */
export function ociMessage(output: string): string {
  const lines = output.trim().split("\n");
  const line =
    lines.findLast((candidate) => /\blevel"?[=:]"?(error|fatal)\b/.test(candidate)) ?? lines.at(-1);
  if (!line) return "no reason given";
  const quoted = /\bmsg"?[=:]\s*("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  return quoted === undefined ? (/\bmsg=(\S+)/.exec(line)?.[1] ?? line) : unquote(quoted);
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1).replaceAll('\\"', '"');
  }
}
