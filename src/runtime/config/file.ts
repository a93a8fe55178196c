import { readFile } from "node:fs/promises";

import {
  type Alias,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from "yaml";

import { InvalidArgumentError } from "../../errors.js";
import type { RuntimeConfig } from "../config.js";
import { allSettings, type ConfigKey, settings } from "./settings.js";
import { didYouMean, readValue, ValueError } from "./value.js";

/** Read when there is one and no other file is named. */
export const defaultConfigFile = "/etc/crikit/config.yaml";

export interface ConfigFile {
  path: string;
  values: Partial<RuntimeConfig>;
  /** Where a key stands, for messages: `FILE:LINE: key`; without the line when the file does not have it. */
  place(key: ConfigKey): string;
}

/**
 * Reads a configuration file: YAML, a key for each setting. Undefined when no file is named and there is none
 * at the default place. Throws `InvalidArgumentError` naming the file, the line, the key and the mend.
 */
export async function readConfigFile(named: string | undefined): Promise<ConfigFile | undefined> {
  const path = named ?? defaultConfigFile;
  try {
    return parseConfigFile(path, await readFile(path, "utf8"));
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw cause;
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (isMissing && named === undefined) return undefined;
    const why = isMissing ? "there is none" : cause instanceof Error ? cause.message : String(cause);
    throw new InvalidArgumentError(`Configuration file ${path} cannot be read: ${why}`, { cause });
  }
}

export function parseConfigFile(path: string, text: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (at: number | undefined) => `${path}:${lines.linePos(at ?? 0).line}`;
  const [broken] = document.errors;
  if (broken) throw refusal(`${place(broken.pos[0])}: ${broken.message}`);
  const alias = unknownAlias(document);
  if (alias) throw refusal(`${place(alias.range?.[0])}: *${alias.source} names no anchor before it`);
  const given = toTable(document);
  if (!given) throw refusal(`${path}:1: must hold lines of "key: value", such as log-level: debug`);
  const places = new Map<ConfigKey, string>();
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const where = (at: ValueError["at"]) => place(offsetOf(document, [key, ...at]));
    const [field, setting] = allSettings.find(([, setting]) => setting.key === key) ?? [];
    if (!field || !setting) {
      const known = allSettings.map(([, setting]) => setting.key);
      throw refusal(`${where([])}: ${key} is no key${didYouMean(key, known)}`);
    }
    places.set(field, `${where([])}: ${key}`);
    try {
      values[field] = readValue(setting.kind, value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw refusal(`${where(error.at)}: ${[key, ...error.at].join(".")} ${error.message}`, field);
    }
  }
  return { path, values, place: (key) => places.get(key) ?? `${path}: ${settings[key].key}` };
}

function unknownAlias(document: Document): Alias | undefined {
  let unknown: Alias | undefined;
  visit(document, {
    Alias(_key, alias) {
      if (!alias.resolve(document)) unknown ??= alias;
    },
  });
  return unknown;
}

/** What is in the file; undefined when that is no table. An empty file is an empty table. */
function toTable(document: Document): Record<string, unknown> | undefined {
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return {};
  }
  return isMap(document.contents) ? document.toJS() : undefined;
}

/** Where in the text a part stands: the deepest that there is on the way to it. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
  let offset: number | undefined;
  let node: unknown = document.contents;
  for (const step of path) {
    let here: unknown;
    if (isSeq(node)) here = node = node.items[Number(step)];
    else if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      here = pair?.key;
      node = pair?.value;
    }
    if (!isNode(here)) break;
    offset = (here as Node).range?.[0];
  }
  return offset;
}

function refusal(message: string, field?: ConfigKey): InvalidArgumentError {
  return new InvalidArgumentError(message, { field });
}
