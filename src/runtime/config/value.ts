import { isAbsolute } from "node:path";

import type { HandlerConfig } from "../config.js";
import { nearest } from "./nearest.js";
import type { ValueKind } from "./settings.js";

/** Why a value cannot be taken, and which part of it: `at` leads to it from the key. */
export class ValueError extends Error {
  readonly at: readonly (string | number)[];

  constructor(why: string, at: readonly (string | number)[] = []) {
    super(why);
    this.at = at;
  }
}

/** The value of a key of the configuration file. Throws `ValueError`. */
export function readValue(kind: ValueKind, value: unknown): unknown {
  if (kind === "handlers") return readHandlers(value);
  if (kind === "texts") return readList(value, readText);
  if (kind === "paths") return readList(value, readPath);
  const text = kind === "path" ? readPath(value) : readText(value);
  return typeof kind === "object" ? oneOf(text, kind.oneOf) : text;
}

/** The word itself. Throws `ValueError` when it is none of them. */
export function oneOf(word: string, words: readonly string[]): string {
  if (words.includes(word)) return word;
  throw new ValueError(`"${word}" is none of ${words.join(", ")}`);
}

function readText(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  const mend = ["number", "boolean"].includes(typeof value) ? ": put it in quotes" : "";
  throw new ValueError(`must be text, not ${describe(value)}${mend}`);
}

function readPath(value: unknown): string {
  const path = readText(value);
  if (!isAbsolute(path)) throw new ValueError(`"${path}" is not an absolute path: begin it with /`);
  return path;
}

function readList(value: unknown, read: (item: unknown) => string): string[] {
  if (!Array.isArray(value)) throw new ValueError(`must be a list, such as [a, b], not ${describe(value)}`);
  return value.map((item, index) => within([index], () => read(item)));
}

const handlerKeys = ["path", "args", "root", "features"];
const featureKeys = ["recursive-read-only-mounts", "user-namespaces"];

function readHandlers(value: unknown): Record<string, HandlerConfig> {
  const handlers = Object.entries(readTable(value)).map(([name, handler]) => [
    name,
    within([name], () => readHandler(handler)),
  ]);
  return Object.fromEntries(handlers);
}

function readHandler(value: unknown): HandlerConfig {
  const { path, args = [], root, features = {} } = readTable(value, handlerKeys);
  if (path === undefined) throw new ValueError("has no path: give the OCI runtime's program");
  const program = within(["path"], () => readText(path));
  if (program.includes("/") && !isAbsolute(program)) {
    throw new ValueError(`"${program}" is neither an absolute path nor a program's name`, ["path"]);
  }
  const told = within(["features"], () => readTable(features, featureKeys));
  const feature = (key: string) => within(["features", key], () => readBoolean(told[key]));
  return {
    path: program,
    args: within(["args"], () => readList(args, readText)),
    ...(root !== undefined && { root: within(["root"], () => readPath(root)) }),
    features: {
      recursiveReadOnlyMounts: feature("recursive-read-only-mounts"),
      userNamespaces: feature("user-namespaces"),
    },
  };
}

function readBoolean(value: unknown): boolean | undefined {
  if (typeof value === "boolean" || value === undefined) return value;
  throw new ValueError(`must be true or false, not ${describe(value)}`);
}

function readTable(value: unknown, keys?: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ValueError(`must be a table of keys, not ${describe(value)}`);
  }
  const table: Record<string, unknown> = { ...value };
  for (const key of Object.keys(table)) {
    if (keys && !keys.includes(key)) throw new ValueError(`is no key here${didYouMean(key, keys)}`, [key]);
  }
  return table;
}

/** A hint at what a mistyped word was meant to be. */
export function didYouMean(word: string, words: readonly string[]): string {
  const found = nearest(word, words);
  return found === undefined ? `: the keys are ${words.join(", ")}` : `: did you mean ${found}?`;
}

function within<T>(at: readonly (string | number)[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ValueError(error.message, [...at, ...error.at]);
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a table";
  return value === "" ? "an empty text" : `${typeof value} ${String(value)}`;
}
