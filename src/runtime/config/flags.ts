import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { InvalidArgumentError } from "../../errors.js";
import type { RuntimeConfig } from "../config.js";
import type { ConfigSources } from "./load.js";
import { nearest } from "./nearest.js";
import { allSettings, type ValueKind } from "./settings.js";
import { oneOf, ValueError } from "./value.js";

/** What works on a configuration. */
export const configCommands = ["serve", "purge", "config"] as const;

export type Command =
  | { name: (typeof configCommands)[number]; sources: ConfigSources }
  | { name: "version" | "help" };

/** What the command line asks for. Throws `InvalidArgumentError` naming the flag. */
export function parseFlags(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: "help" };
  if (values.version) return { name: "version" };
  const [first = "serve", ...rest] = positionals;
  const name = configCommands.find((command) => command === first);
  if (!name) {
    throw new InvalidArgumentError(`Unknown command "${first}": there are ${configCommands.join(", ")}`);
  }
  if (rest[0] !== undefined) throw new InvalidArgumentError(`Unexpected argument "${rest[0]}"`);
  const file = values.config === undefined ? undefined : resolve(String(values.config));
  return { name, sources: { file, flags: readFlags(values) } };
}

type Values = { [flag: string]: string | boolean | (string | boolean)[] | undefined };

function readFlags(values: Values): Partial<RuntimeConfig> {
  const given: Record<string, unknown> = {};
  for (const [key, { flag, kind }] of allSettings) {
    const value = flag === undefined ? undefined : values[flag];
    if (value === undefined) continue;
    try {
      given[key] = Array.isArray(value)
        ? value.map((item) => readFlag(kind, String(item)))
        : readFlag(kind, String(value));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new InvalidArgumentError(`--${flag}: ${error.message}`, { field: key });
    }
  }
  return given;
}

/** Paths may be relative to where the command is typed, unlike those of a file. */
function readFlag(kind: ValueKind, text: string): string {
  if (text === "") throw new ValueError("must not be empty");
  if (typeof kind === "object") return oneOf(text, kind.oneOf);
  return kind === "path" || kind === "paths" ? resolve(text) : text;
}

function parse(args: readonly string[]): { values: Values; positionals: string[] } {
  const flags = allSettings.flatMap(([, { flag, kind }]) => {
    return flag === undefined ? [] : [[flag, { type: "string", multiple: isList(kind) }] as const];
  });
  const options = {
    ...Object.fromEntries(flags),
    config: { type: "string" },
    version: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    const [reason = ""] = (cause instanceof Error ? cause.message : String(cause)).split(". ");
    const unknown = /^Unknown option '--([^']+)'/.exec(reason)?.[1];
    const meant = unknown === undefined ? undefined : nearest(unknown, Object.keys(options));
    const mend = meant === undefined ? "see crikit-runtime --help" : `did you mean --${meant}?`;
    throw new InvalidArgumentError(`${reason}: ${mend}`, { cause });
  }
}

function isList(kind: ValueKind): boolean {
  return kind === "texts" || kind === "paths";
}
