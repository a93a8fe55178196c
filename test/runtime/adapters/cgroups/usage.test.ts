import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createCgroups } from "../../../../src/runtime/adapters/cgroups/cgroups.js";

describe("usage of a group of version 2", () => {
  const root = fileURLToPath(new URL("../../../fixtures/cgroup2", import.meta.url));
  const cgroups = createCgroups({ version: 2, hierarchies: [root] });
  const slice = "kubepods-burstable-pod7.slice";

  test("is all that the kernel tells, where every controller is on", () => {
    expect(cgroups.usage(cgroups.containerGroup(slice, "limited"))).toEqual({
      cpu: {
        nanoseconds: 48_211_735_000n,
        nanoCores: undefined,
        pressure: {
          some: { totalNanoseconds: 7_215_904_000n, average10: 2.31, average60: 1.07, average300: 0.25 },
          full: { totalNanoseconds: 905_512_000n, average10: 0.42, average60: 0.11, average300: 0.02 },
        },
      },
      memory: {
        usageBytes: 104_857_600n,
        workingSetBytes: 104_857_600n - 20_971_520n,
        availableBytes: 134_217_728n - (104_857_600n - 20_971_520n),
        rssBytes: 62_914_560n,
        pageFaults: 88_231n,
        majorPageFaults: 17n,
        pressure: {
          some: { totalNanoseconds: 51_200_000n, average10: 0, average60: 0.12, average300: 0.08 },
          full: { totalNanoseconds: 43_008_000n, average10: 0, average60: 0.1, average300: 0.07 },
        },
      },
      swap: { usageBytes: 20_480n, availableBytes: 16_777_216n - 20_480n },
      ioPressure: {
        some: { totalNanoseconds: 3_310_042_000n, average10: 1.5, average60: 0.75, average300: 0.3 },
        full: { totalNanoseconds: 2_900_117_000n, average10: 1.2, average60: 0.6, average300: 0.25 },
      },
    });
  });

  test("of a pod's own group has the pod's limit", () => {
    const { cpu, memory } = cgroups.usage(cgroups.parentGroup(slice));
    expect(cpu?.nanoseconds).toBe(51_002_418_000n);
    expect(memory?.availableBytes).toBe(268_435_456n - (105_349_120n - 20_971_520n));
  });

  test("has no rest where the limit is `max`, no swap where none is counted, no `full` of an old kernel", () => {
    const { cpu, memory, swap, ioPressure } = cgroups.usage("/plain/unlimited");
    expect(memory).toMatchObject({ usageBytes: 1_228_800n, workingSetBytes: 704_512n, rssBytes: 401_408n });
    expect(memory?.availableBytes).toBeUndefined();
    expect(swap).toBeUndefined();
    expect(cpu?.pressure?.some?.totalNanoseconds).toBe(12_000n);
    expect(cpu?.pressure?.full).toBeUndefined();
    expect({ memory: memory?.pressure, io: ioPressure }).toEqual({ memory: undefined, io: undefined });
    const unlimitedSwap = cgroups.usage(cgroups.containerGroup(slice, "pause")).swap;
    expect(unlimitedSwap).toEqual({ usageBytes: 0n, availableBytes: undefined });
  });

  test("has processor time alone where no controller is on", () => {
    const { cpu, memory, swap, ioPressure } = cgroups.usage("/plain/bare");
    expect(cpu).toMatchObject({ nanoseconds: 111_035_000n });
    expect({ memory, swap }).toEqual({ memory: undefined, swap: undefined });
    expect(ioPressure?.some?.totalNanoseconds).toBe(0n);
  });

  test("is nothing when the group is gone", () => {
    const gone = { cpu: undefined, memory: undefined, swap: undefined, ioPressure: undefined };
    expect(cgroups.usage(cgroups.containerGroup(slice, "gone"))).toEqual(gone);
    expect(cgroups.pids("/gone")).toEqual([]);
  });

  test("counts processes, in groups below as well, but none of another PID namespace", () => {
    expect(cgroups.pids(cgroups.containerGroup(slice, "limited")).length).toBe(3);
    expect(cgroups.pids(cgroups.parentGroup(slice)).length).toBe(4);
  });

  test("tells whether a group is shared with strangers", () => {
    const own = ["limited", "pause"].map((id) => cgroups.containerGroup(slice, id));
    expect(cgroups.hasOthers(cgroups.parentGroup(slice), own)).toBe(false);
    expect(cgroups.hasOthers(cgroups.parentGroup(slice), own.slice(1))).toBe(true);
    // A process in the group itself is nobody's container.
    expect(cgroups.hasOthers("/plain/bare", [])).toBe(true);
  });
});

describe("usage of a group of version 1", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "crikit-groups-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function tree(files: Record<string, string>) {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    const names = new Set(Object.keys(files).map((path) => path.split("/")[0] ?? ""));
    return createCgroups({ version: 1, hierarchies: [...names].map((name) => join(root, name)) });
  }

  const stat = "rss 1\ntotal_rss 5\ntotal_inactive_file 30\ntotal_pgfault 7\ntotal_pgmajfault 2\n";
  const memory = {
    "memory/g/memory.usage_in_bytes": "100\n",
    "memory/g/memory.limit_in_bytes": "150\n",
    "memory/g/memory.memsw.limit_in_bytes": "210\n",
    "memory/g/memory.stat": `${stat}total_swap 20\n`,
  };

  test("is found where systemd mounts controllers together, and counts the groups below", async () => {
    const cgroups = await tree({ "cpu,cpuacct/g/cpuacct.usage": "1234\n", ...memory });
    expect(cgroups.usage("/g")).toMatchObject({
      cpu: { nanoseconds: 1234n, pressure: undefined },
      memory: { usageBytes: 100n, workingSetBytes: 70n, availableBytes: 80n, rssBytes: 5n, pageFaults: 7n },
      // The second limit is on both: 60 of swap, of which 20 are taken.
      swap: { usageBytes: 20n, availableBytes: 40n },
      ioPressure: undefined,
    });
  });

  test("takes the largest number for no limit, and leaves out swap that is not counted", async () => {
    const limit = { "memory/g/memory.limit_in_bytes": "9223372036854771712\n" };
    const cgroups = await tree({ ...memory, ...limit, "memory/g/memory.stat": stat });
    const { cpu, memory: used, swap } = cgroups.usage("/g");
    expect(used).toMatchObject({ workingSetBytes: 70n, availableBytes: undefined });
    expect({ cpu, swap }).toEqual({ cpu: undefined, swap: undefined });
  });

  test("has no memory where that controller is off", async () => {
    const cgroups = await tree({ "cpuacct/g/cpuacct.usage": "1\n" });
    expect(cgroups.usage("/g")).toMatchObject({ cpu: { nanoseconds: 1n }, ioPressure: undefined });
    expect(cgroups.usage("/g").memory).toBeUndefined();
  });

  test("does not go below zero when more is used than the limit allows by now", async () => {
    const cgroups = await tree({ ...memory, "memory/g/memory.limit_in_bytes": "50\n" });
    expect(cgroups.usage("/g").memory?.availableBytes).toBe(0n);
  });
});
