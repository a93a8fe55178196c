import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Served } from "./served.js";

/** Reads files of a running container's control groups, found as the kernel tells of its init process. */
export async function groupFiles({ runtime }: Pick<Served, "runtime">, containerId: string) {
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
    pid: Number(pid),
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

/** What the kernel holds a running container to, in the words of CRI. */
export async function limitsInForce(served: Pick<Served, "runtime">, containerId: string) {
  const group = await groupFiles(served, containerId);
  const oomScoreAdj = BigInt(await readFile(`/proc/${group.pid}/oom_score_adj`, "utf8"));
  if (group.unified) {
    const [quota = "", period = ""] = (await group.read("", "cpu.max")).trim().split(" ");
    const memory = (await group.read("", "memory.max")).trim();
    return {
      cpuQuota: quota === "max" ? -1n : BigInt(quota),
      cpuPeriod: BigInt(period),
      memoryLimitInBytes: memory === "max" ? -1n : BigInt(memory),
      oomScoreAdj,
    };
  }
  return {
    cpuQuota: BigInt(await group.number("cpu", "cpu.cfs_quota_us")),
    cpuPeriod: BigInt(await group.number("cpu", "cpu.cfs_period_us")),
    memoryLimitInBytes: BigInt(await group.read("memory", "memory.limit_in_bytes")),
    oomScoreAdj,
  };
}
