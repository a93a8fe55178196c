/** From the least to the most important. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof logLevels)[number];

export type LogFields = Record<string, unknown>;

/** Writes one line per message. Fields are said beside the message, never inside it. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  isEnabled(level: LogLevel): boolean;
}

/** A logger of JSON lines. Messages below `level` are dropped; errors among the fields show their message. */
export function createLogger(level: LogLevel, write: (line: string) => void): Logger {
  const least = logLevels.indexOf(level);
  const isEnabled = (asked: LogLevel) => logLevels.indexOf(asked) >= least;
  const log = (asked: LogLevel) => (message: string, fields?: LogFields) => {
    if (!isEnabled(asked)) return;
    write(`${JSON.stringify({ time: new Date(), level: asked, message, ...fields }, showError)}\n`);
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error"), isEnabled };
}

function showError(_key: string, value: unknown): unknown {
  if (value instanceof AggregateError) return { message: value.message, errors: value.errors };
  if (value instanceof Error) return value.message;
  return typeof value === "bigint" ? value.toString() : value;
}
