import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createCgroups } from "../../../../src/runtime/adapters/cgroups/cgroups.js";

describe("counters of a group of version 2", () => {
  const root = fileURLToPath(new URL("../../../fixtures/cgroup2", import.meta.url));
  const cgroups = createCgroups({ version: 2, hierarchies: [root] });

  test("are all that the kernel tells, in nanoseconds and bytes", () => {
    const group = cgroups.containerGroup("kubepods-burstable-pod7.slice", "limited");
    expect(cgroups.counters(group)).toEqual({
      cpu: {
        userNanoseconds: 40_112_001_000n,
        systemNanoseconds: 8_099_734_000n,
        periods: 412n,
        throttledPeriods: 31n,
        throttledNanoseconds: 905_512_000n,
      },
      memory: {
        cacheBytes: 37_748_736n,
        mappedFileBytes: 4_325_376n,
        kernelBytes: 2_412_544n,
        peakBytes: 120_586_240n,
        limitHits: 96n,
        oomKills: 1n,
      },
      tasks: { threads: 5n, threadsAtMost: 64n },
      devices: [
        {
          major: 252,
          minor: 0,
          readBytes: 44_220_416n,
          writtenBytes: 20_971_520n,
          reads: 1112n,
          writes: 160n,
        },
      ],
    });
  });

  test("are few where no controller is on, and none of a group that is gone", () => {
    const { cpu, ...rest } = cgroups.counters("/plain/bare");
    expect(cpu).toMatchObject({ userNanoseconds: expect.any(BigInt), periods: undefined });
    const none = { memory: noMemory, tasks: { threads: undefined, threadsAtMost: undefined }, devices: [] };
    expect(rest).toEqual(none);
    expect(cgroups.counters("/gone")).toMatchObject(none);
  });

  test("has the parts of the kernel's memory where an old kernel has no sum", async () => {
    const root = await mkdtemp(join(tmpdir(), "crikit-groups-"));
    try {
      await mkdir(join(root, "g"));
      await writeFile(join(root, "g/memory.stat"), "file 1\nkernel_stack 16384\nslab 4096\n");
      const { memory } = createCgroups({ version: 2, hierarchies: [root] }).counters("/g");
      expect(memory.kernelBytes).toBe(20_480n);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  test("are told of by controllers, and by the files that groups have", () => {
    // No group here has swap's file at the first level, nor the peak's.
    expect([...cgroups.measures()]).toEqual(["quota", "memory", "threads", "devices"]);
    const pods = join(root, "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7.slice");
    const deeper = createCgroups({ version: 2, hierarchies: [pods] });
    expect([...deeper.measures()]).toEqual(["cpu", "peakMemory", "swap", "pressure"]);
  });
});

const noMemory = {
  cacheBytes: undefined,
  mappedFileBytes: undefined,
  kernelBytes: undefined,
  peakBytes: undefined,
  limitHits: undefined,
  oomKills: undefined,
};

describe("counters of a group of version 1", () => {
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

  test("come from the trees of five controllers", async () => {
    const cgroups = await tree({
      "cpu,cpuacct/g/cpuacct.usage_user": "70\n",
      "cpu,cpuacct/g/cpuacct.usage_sys": "30\n",
      "cpu,cpuacct/g/cpu.stat": "nr_periods 12\nnr_throttled 3\nthrottled_time 456\n",
      "memory/g/memory.stat": "cache 1\ntotal_cache 11\ntotal_mapped_file 12\n",
      "memory/g/memory.kmem.usage_in_bytes": "13\n",
      "memory/g/memory.max_usage_in_bytes": "14\n",
      "memory/g/memory.failcnt": "15\n",
      "memory/g/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
      "pids/g/pids.current": "4\n",
      "pids/g/pids.max": "max\n",
      "blkio/g/blkio.throttle.io_service_bytes_recursive":
        "8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 1\n8:16 Read 1\nTotal 12289\n",
      "blkio/g/blkio.throttle.io_serviced_recursive": "8:0 Read 1\n8:0 Write 2\n8:0 Total 3\n",
    });
    expect(cgroups.counters("/g")).toEqual({
      cpu: {
        userNanoseconds: 70n,
        systemNanoseconds: 30n,
        periods: 12n,
        throttledPeriods: 3n,
        throttledNanoseconds: 456n,
      },
      memory: {
        cacheBytes: 11n,
        mappedFileBytes: 12n,
        kernelBytes: 13n,
        peakBytes: 14n,
        limitHits: 15n,
        oomKills: 2n,
      },
      tasks: { threads: 4n, threadsAtMost: undefined },
      devices: [
        { major: 8, minor: 0, readBytes: 4096n, writtenBytes: 8192n, reads: 1n, writes: 2n },
        { major: 8, minor: 16, readBytes: 1n, writtenBytes: 0n, reads: 0n, writes: 0n },
      ],
    });
  });

  test("are none where no controller is, and what is there is told", async () => {
    const cgroups = await tree({
      "memory/memory.usage_in_bytes": "1\n",
      "memory/g/memory.failcnt": "1\n",
      "pids/cgroup.procs": "1\n",
    });
    expect(cgroups.counters("/g")).toMatchObject({ memory: { limitHits: 1n }, tasks: {}, devices: [] });
    expect([...cgroups.measures()]).toEqual(["memory", "threads"]);
  });
});
