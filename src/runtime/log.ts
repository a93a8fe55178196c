import { scrub } from "../messages/scrub.js";

/** From the least to the most important. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** How important a message is. */
export type LogLevel = (typeof logLevels)[number];

/** `json`: an object a line, for programs. `text`: a line for people. `auto`: text on a terminal. */
export const logFormats = ["auto", "json", "text"] as const;

/** How messages are written: as objects, as text, or as fits where they go. */
export type LogFormat = (typeof logFormats)[number];

/** Facts beside a message, by name. Errors are written with their causes. */
export type LogFields = Record<string, unknown>;

/** Writes one line per message. Fields are said beside the message, never inside it. */
export interface Logger {
  /** What only matters when looking for a fault. */
  debug(message: string, fields?: LogFields): void;
  /** What happens in the ordinary way. */
  info(message: string, fields?: LogFields): void;
  /** What went wrong and was got over. */
  warn(message: string, fields?: LogFields): void;
  /** What went wrong and needs somebody. */
  error(message: string, fields?: LogFields): void;
  /** Whether messages of this level are written: for those that cost something to make. */
  isEnabled(level: LogLevel): boolean;
}

/** A logger whose level can be changed while it is in use. */
export interface AdjustableLogger extends Logger {
  level: LogLevel;
}

/**
 * A logger that gives whole lines to `write`. Messages below the level are dropped. Errors among the fields
 * show their message; what URLs in a field hold of secrets is left out.
 */
export function createLogger(
  level: LogLevel,
  write: (line: string) => void,
  format: Exclude<LogFormat, "auto"> = "json",
): AdjustableLogger {
  const print = format === "json" ? jsonLine : textLine;
  const log = (asked: LogLevel) => (message: string, fields?: LogFields) => {
    if (logger.isEnabled(asked)) write(`${print(asked, message, fields)}\n`);
  };
  const logger: AdjustableLogger = {
    level,
    ...{ debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    isEnabled: (asked) => logLevels.indexOf(asked) >= logLevels.indexOf(logger.level),
  };
  return logger;
}

/** A logger on the standard error. */
export function createStderrLogger(level: LogLevel, format: LogFormat): AdjustableLogger {
  const chosen = format === "auto" ? (process.stderr.isTTY ? "text" : "json") : format;
  return createLogger(level, (line) => process.stderr.write(line), chosen);
}

function jsonLine(level: LogLevel, message: string, fields?: LogFields): string {
  return JSON.stringify({ time: new Date(), level, message, ...fields }, showValue);
}

function textLine(level: LogLevel, message: string, fields: LogFields = {}): string {
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${showText(value)}`);
  return `${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${shown.join("")}`;
}

/** As in JSON, without the quotes around what is one word. */
function showText(value: unknown): string {
  const text = JSON.stringify(value, showValue);
  return /^"[\w./:@+-]+"$/.test(text) ? text.slice(1, -1) : text;
}

function showValue(_key: string, value: unknown): unknown {
  if (value instanceof AggregateError) return { message: scrub(value.message), errors: value.errors };
  if (value instanceof Error) return scrub(value.message);
  if (typeof value === "string") return scrub(value);
  return typeof value === "bigint" ? value.toString() : value;
}
