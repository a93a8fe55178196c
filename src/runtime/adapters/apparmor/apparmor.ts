import { access, readFile } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "../run-command.js";
import { defaultProfile, defaultProfileName } from "./default-profile.js";

export interface AppArmor {
  /** The profiles that the kernel has loaded, by name. */
  loaded(): Promise<string[]>;
  /** The name of the profile of processes that ask for none by name, loaded if need be; undefined where it cannot be. */
  default(): Promise<string | undefined>;
}

export interface AppArmorOptions {
  /** The kernel's list, a line for each: `NAME (MODE)`. */
  profilesFile: string;
  /** The program apparmor_parser, which compiles profiles; undefined where there is none. */
  parser: string | undefined;
  /** Where the host's own profiles are, and what they include. */
  directory?: string;
}

/** AppArmor of a host whose kernel has it. */
export function createAppArmor({
  profilesFile,
  parser,
  directory = "/etc/apparmor.d",
}: AppArmorOptions): AppArmor {
  async function loaded(): Promise<string[]> {
    const lines = (await readFile(profilesFile, "utf8")).split("\n");
    return lines.filter(Boolean).map((line) => line.replace(/ \(\w+\)$/, ""));
  }
  return {
    loaded,
    async default() {
      // Looked up each time: the host's service unloads what it does not know.
      if ((await loaded()).includes(defaultProfileName)) return defaultProfileName;
      if (parser === undefined) return undefined;
      const input = defaultProfile({ abi: await abiOf(directory) });
      await runCommand(parser, ["--replace", "--skip-cache"], { input });
      return defaultProfileName;
    },
  };
}

/** The kernel's features that the profile was written for: of newer ones it would forbid all uses. */
async function abiOf(directory: string): Promise<string | undefined> {
  const abi = "abi/3.0";
  return access(join(directory, abi)).then(
    () => abi,
    () => undefined,
  );
}
