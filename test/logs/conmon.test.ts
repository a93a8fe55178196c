import { watch } from "node:fs";
import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eachLine } from "../../src/logs/line-sink.js";
import { toLogLine } from "../../src/logs/log-line.js";
import { readLog } from "../../src/logs/read-log.js";
import { BusyboxHost } from "../runtime/adapters/support/busybox.js";
import { until } from "../support/until.js";

let host: BusyboxHost;
beforeAll(async () => {
  host = await BusyboxHost.make();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

async function isOpen(path: string): Promise<boolean> {
  const targets = (await readdir("/proc/self/fd")).map((fd) =>
    readlink(`/proc/self/fd/${fd}`).catch(() => ""),
  );
  return (await Promise.all(targets)).includes(path);
}

test("the log of a real conmon that starts it anew a hundred times is followed in order, each loss told", async () => {
  const count = 30_000;
  const script = `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo $i; [ $((i % 100)) -ne 0 ] || sleep 0.02; done`;
  const request = await host.prepare(["sh", "-c", script]);
  const path = join(request.bundle, "log");
  let replaced = 0;
  const watcher = watch(request.bundle, (event, name) => {
    if (event === "rename" && name === "log") replaced += 1;
  });
  const container = await host.create({ ...request, maxLogBytes: 12 * 1024 });
  const ended = host.exitOf({ ...request, ...container }).then(() => {});
  const batches = readLog(path, eachLine(toLogLine), { follow: true, ended });
  const first = batches.next();
  // From its beginning: what came and went before nobody can tell.
  await until("the log is open", () => isOpen(path));
  await host.runc.start(request.id, container.init);

  let expected = 1;
  const untold: string[] = [];
  for (let next = await first; !next.done; next = await batches.next()) {
    for (const { text, gapBefore } of next.value) {
      if (Number(text) !== expected && !(gapBefore && Number(text) > expected))
        untold.push(`${text} for ${expected}`);
      expected = Number(text) + 1;
    }
  }
  watcher.close();
  expect(untold).toEqual([]);
  expect(expected).toBe(count + 1);
  expect(replaced).toBeGreaterThan(100);
});
