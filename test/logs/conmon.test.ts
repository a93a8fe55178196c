import { watch } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toLogLine } from "../../src/logs/log-line.js";
import { readLog } from "../../src/logs/read-log.js";
import { BusyboxHost } from "../runtime/adapters/support/busybox.js";

let host: BusyboxHost;
beforeAll(async () => {
  host = await BusyboxHost.make();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

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
  await host.runc.start(request.id);
  const ended = host.exitOf({ ...request, ...container }).then(() => {});

  let expected = 1;
  const untold: string[] = [];
  for await (const lines of readLog(path, toLogLine, { follow: true, ended })) {
    for (const { text, gapBefore } of lines) {
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
