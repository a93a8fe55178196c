import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { TestRuntime } from "./test-runtime.js";

/** Reads files of a running container's control groups, found as the kernel tells of its init process. */
export async function groupFiles({ runtime }: TestRuntime, containerId: string) {
  const { info } = await runtime.containerStatus({ containerId, verbose: true });
  const { pid } = JSON.parse(info.info ?? "{}");
  const memberships = (await readFile(`/proc/${pid}/cgroup`, "utf8")).trim().split("\n");
  const unified = memberships.every((line) => line.startsWith("0::"));
  const directoryOf = (controller: string) => {
    const line = memberships.find((each) => each.split(":")[1]?.split(",").includes(controller));
    const [, , path = ""] = (line ?? memberships.at(-1) ?? "").split(":");
    return join("/sys/fs/cgroup", unified ? "" : controller || "unified", path);
  };
  const read = (controller: string, name: string) => readFile(join(directoryOf(controller), name), "utf8");
  return {
    unified,
    read,
    async number(controller: string, name: string): Promise<number> {
      return Number(await read(controller, name));
    },
    async stat(name: string): Promise<number> {
      const text = await read("memory", "memory.stat");
      return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
    },
  };
}
