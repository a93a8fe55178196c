import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { findLeaks } from "../support/leaks.js";
import { spawnOwner } from "../support/owner-process.js";

const run = promisify(execFile);

test("several processes each start several runtimes at the same time: all work, and none leaves anything", async () => {
  const logDirectory = await mkdtemp(join(tmpdir(), "crikit-test-"));
  try {
    const owners = Array.from({ length: 3 }, () => spawnOwner({ count: 3, logDirectory }));
    const runtimes = (await Promise.all(owners.map((owner) => owner.owned))).flat();
    expect(runtimes).toHaveLength(9);
    for (const { ips, network } of runtimes) {
      const [ip = ""] = ips;
      expect(ip.startsWith(network.subnet.slice(0, network.subnet.lastIndexOf(".") + 1))).toBe(true);
      await run("busybox", ["ping", "-c", "1", "-W", "10", ip]);
    }
    const differ: unknown[][] = [
      runtimes.map(({ directory }) => directory),
      runtimes.map(({ network }) => network.bridge),
      runtimes.map(({ network }) => network.subnet),
      runtimes.map(({ ips }) => ips[0]),
      runtimes.map(({ pid }) => pid),
    ];
    for (const values of differ) expect(new Set(values).size).toBe(9);
    expect(await Promise.all(owners.map((owner) => owner.end()))).toEqual([0, 0, 0]);
    for (const runtime of runtimes) expect(await findLeaks(runtime)).toEqual([]);
  } finally {
    await rm(logDirectory, { recursive: true, force: true });
  }
});
