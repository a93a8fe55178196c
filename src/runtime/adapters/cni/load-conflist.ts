import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { CriError } from "../../../errors.js";
import type { Conflist, PluginConfig } from "./conflist.js";
import { messageOf } from "./past-failures.js";

/**
 * Reads the network of a directory as other runtimes choose it: the first valid file by name. Throws when
 * there is none, saying what is wrong with each.
 */
export async function loadConflist(directory: string): Promise<Conflist> {
  const files = await readdir(directory).catch((cause) => {
    throw new CriError("failed_precondition", `CNI configuration directory ${directory} cannot be read`, {
      cause,
    });
  });
  const names = files.filter((name) => /\.(conflist|conf|json)$/.test(name)).sort();
  if (names.length === 0) {
    throw new CriError("failed_precondition", `No CNI network (*.conflist, *.conf, *.json) in ${directory}`);
  }
  const invalid: string[] = [];
  for (const name of names) {
    try {
      return parseConflist(await readFile(join(directory, name), "utf8"));
    } catch (error) {
      invalid.push(`${name} ${messageOf(error)}`);
    }
  }
  throw new CriError("failed_precondition", `No valid CNI network in ${directory}: ${invalid.join("; ")}`);
}

/** What plugins take a configuration without one for. */
const oldestVersion = "0.1.0";

/** Throws what is wrong, to be read behind the file's name. */
function parseConflist(text: string): Conflist {
  const { cniVersion = oldestVersion, name, plugins, type, ...rest } = parseObject(text);
  if (!name) throw new Error('has no "name"');
  if (!/^[a-zA-Z0-9][\w.-]*$/.test(name))
    throw new Error(`has a name with other than letters, digits and -_.`);
  // A single plugin's file is a list of one.
  const all = plugins ?? (type ? [{ ...rest, type }] : []);
  if (!Array.isArray(all) || all.length === 0) throw new Error('has neither "plugins" nor "type"');
  if (!all.every((plugin) => plugin?.type)) throw new Error('has a plugin without "type"');
  return { cniVersion, name, plugins: all };
}

function parseObject(text: string): Partial<Conflist & PluginConfig> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error("is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null) throw new Error("is not a JSON object");
  return parsed;
}
