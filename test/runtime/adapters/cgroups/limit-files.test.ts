import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createCgroups } from "../../../../src/runtime/adapters/cgroups/cgroups.js";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "crikit-cgroups-"));
});

afterEach(() => rm(root, { recursive: true }));

const read = (path: string) => readFile(join(root, path), "utf8");

/** Files as the kernel has them in a group, in a directory of the test's own. */
async function group(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
}

describe("limits of a group of version 2", () => {
  const cgroups = () => createCgroups({ version: 2, hierarchies: [root] });
  const files = {
    "pod/a/cpu.max": "max 100000",
    "pod/a/cpuset.cpus": "0-3",
    "pod/a/memory.max": "1048576",
    "pod/a/hugetlb.2MB.max": "max",
    "pod/a/memory.current": "77",
    "pod/a/cgroup.procs": "12",
  };

  it("are read, and written back where they have changed", async () => {
    await group(files);
    const before = cgroups().readLimits("/pod/a");
    expect(Object.keys(before).map((path) => path.slice(root.length))).toEqual([
      "/pod/a/cpu.max",
      "/pod/a/cpuset.cpus",
      "/pod/a/hugetlb.2MB.max",
      "/pod/a/memory.max",
    ]);
    await group({ "pod/a/cpu.max": "9999 10000", "pod/a/cpuset.cpus": "0-1", "pod/a/memory.current": "99" });
    expect(cgroups().restoreLimits(before)).toEqual([]);
    expect([await read("pod/a/cpu.max"), await read("pod/a/cpuset.cpus")]).toEqual(["max 100000\n", "0-3\n"]);
    expect(await read("pod/a/memory.current")).toBe("99\n");
  });

  it("of huge pages are set for their size, where the host counts them", async () => {
    await group(files);
    cgroups().limitHugepages("/pod/a", "2MB", 4_194_304);
    cgroups().limitHugepages("/pod/a", "1GB", 0);
    expect(await read("pod/a/hugetlb.2MB.max")).toBe("4194304\n");
    await expect(read("pod/a/hugetlb.1GB.max")).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are none where there is no group, and those that cannot be written are told", async () => {
    expect(cgroups().readLimits("/pod/a")).toEqual({});
    const gone = join(root, "pod/a/memory.max");
    expect(cgroups().restoreLimits({ [gone]: "1" })).toEqual([gone]);
  });
});

it("limits of a group of version 1 are those in all its trees", async () => {
  await group({
    "cpu/a/cpu.cfs_quota_us": "-1",
    "cpu/a/cpu.stat": "nr_periods 0",
    "memory/a/memory.limit_in_bytes": "9223372036854771712",
    "memory/a/memory.memsw.limit_in_bytes": "9223372036854771712",
    "hugetlb/a/hugetlb.2MB.limit_in_bytes": "0",
  });
  const hierarchies = ["cpu", "memory", "hugetlb"].map((tree) => join(root, tree));
  const cgroups = createCgroups({ version: 1, hierarchies });
  const names = Object.keys(cgroups.readLimits("/a")).map((path) => path.split("/").at(-1));
  expect(names.sort()).toEqual([
    "cpu.cfs_quota_us",
    "hugetlb.2MB.limit_in_bytes",
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
  ]);
  cgroups.limitHugepages("/a", "2MB", 2_097_152);
  expect(await read("hugetlb/a/hugetlb.2MB.limit_in_bytes")).toBe("2097152\n");
});
