import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { RuntimeConfig } from "../../../src/runtime/index.js";

export interface NetworkPlugin {
  /** For the runtime that is to use it. */
  readonly config: Partial<RuntimeConfig>;
  /** Has the commands fail from now on, or none. */
  fail(...commands: ("ADD" | "DEL")[]): Promise<void>;
  /** Has the commands hang from now on, or none. */
  hang(...commands: ("ADD" | "DEL")[]): Promise<void>;
  /** The process that hangs; undefined until one does. */
  hanging(): Promise<number | undefined>;
  /** What ADD prints from now on. */
  answer(text: string): Promise<void>;
  /** The commands that were given, in order. */
  calls(): Promise<string[]>;
  remove(): Promise<void>;
}

/** A network of one plugin that makes nothing, keeps count, and fails when told to. */
export async function networkPlugin(): Promise<NetworkPlugin> {
  const directory = await mkdtemp(join(tmpdir(), "crikit-plugin-"));
  const plugins = join(directory, "plugins");
  const cniConfDir = join(directory, "conf");
  await mkdir(plugins);
  await mkdir(cniConfDir);
  const conflist = { cniVersion: "1.0.0", name: "counting", plugins: [{ type: "counting" }] };
  await writeFile(join(cniConfDir, "10-counting.conflist"), JSON.stringify(conflist));
  const script = `#!/bin/sh
cat > /dev/null
echo "$CNI_COMMAND" >> ${directory}/calls
if grep -qs "$CNI_COMMAND" ${directory}/fail; then echo '{"code": 100, "msg": "no address left"}'; exit 1; fi
if grep -qs "$CNI_COMMAND" ${directory}/hang; then echo $$ > ${directory}/hanging; exec sleep 600; fi
[ "$CNI_COMMAND" = ADD ] && cat ${directory}/answer
exit 0
`;
  const answer = (text: string) => writeFile(join(directory, "answer"), text);
  await answer('{"cniVersion": "1.0.0", "ips": [{"address": "192.0.2.7/24"}]}');
  await writeFile(join(plugins, "counting"), script);
  await chmod(join(plugins, "counting"), 0o755);
  return {
    config: { cniConfDir, cniPluginDirs: [plugins] },
    fail: (...commands) => writeFile(join(directory, "fail"), commands.join("\n")),
    hang: (...commands) => writeFile(join(directory, "hang"), commands.join("\n")),
    async hanging() {
      const pid = await readFile(join(directory, "hanging"), "utf8").catch(() => "");
      return pid === "" ? undefined : Number(pid);
    },
    answer,
    async calls() {
      const text = await readFile(join(directory, "calls"), "utf8").catch(() => "");
      return text.split("\n").filter(Boolean);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
