import { access, readdir, readFile } from "node:fs/promises";

const cgroups = "/sys/fs/cgroup";

/** Whether the kernel can limit swap. A kernel built without it, or told so when booted, has no such file. */
export async function canLimitSwap(): Promise<boolean> {
  if (await exists(`${cgroups}/memory/memory.memsw.limit_in_bytes`)) return true;
  // The root group of version 2 has no limits, so look into any other one.
  const groups = (await readdir(cgroups, { withFileTypes: true }).catch(() => [])).filter((entry) =>
    entry.isDirectory(),
  );
  const found = await Promise.all(groups.map(({ name }) => exists(`${cgroups}/${name}/memory.swap.max`)));
  return found.includes(true);
}

/** Whether the controller of huge pages is there to be used. */
export async function canLimitHugepages(): Promise<boolean> {
  if (await exists(`${cgroups}/hugetlb/cgroup.procs`)) return true;
  const controllers = await readFile(`${cgroups}/cgroup.controllers`, "utf8").catch(() => "");
  return controllers.split(/\s+/).includes("hugetlb");
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
