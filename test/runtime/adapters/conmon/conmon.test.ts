import { access, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { createConmon, readExitFile } from "../../../../src/runtime/adapters/conmon/conmon.js";
import { OciRuntimeError } from "../../../../src/runtime/adapters/oci-error.js";
import {
  identifyProcess,
  isAlive,
  killTree,
  waitUntilGone,
} from "../../../../src/runtime/adapters/process.js";
import { until } from "../../../support/until.js";
import { BusyboxHost } from "../support/busybox.js";
import { findLeftovers } from "../support/leftovers.js";

let host: BusyboxHost;
beforeAll(async () => {
  host = await BusyboxHost.make();
});
afterAll(async () => {
  const { directory, cgroupParent } = host;
  await host[Symbol.asyncDispose]();
  expect([...(await findLeftovers(directory)), ...(await findLeftovers(cgroupParent))]).toEqual([]);
});

describe("Conmon.create", () => {
  test("makes a container that waits for its start, under a monitor that outlives the call", async () => {
    const request = await host.prepare(["sleep", "600"]);
    const { init, monitor } = await host.create(request);
    expect(await host.runc.state(request.id)).toMatchObject({ status: "created", pid: init.pid });
    expect(await readFile(`/proc/${monitor.pid}/comm`, "utf8")).toBe("conmon\n");
    expect(await isAlive(init)).toBe(true);
    expect(readExitFile(host.exits, request.id)).toBeUndefined();
  });

  test("writes the output in CRI log format, and the exit code when all of it is written", async () => {
    const container = await host.run(["sh", "-c", "echo out; echo err >&2; printf tail; exit 7"]);
    const before = BigInt(Date.now() - 60_000) * 1_000_000n;
    const { exitCode, finishedAt } = await host.exitOf(container);
    expect(exitCode).toBe(7);
    expect(finishedAt).toBeGreaterThan(before);
    const lines = (await readFile(join(container.bundle, "log"), "utf8")).trimEnd().split("\n");
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d`;
    expect(lines.filter((line) => line.includes("stdout"))).toEqual([
      expect.stringMatching(new RegExp(`^${time} stdout F out$`)),
      expect.stringMatching(new RegExp(`^${time} stdout P tail$`)),
    ]);
    expect(lines.filter((line) => line.includes("stderr"))).toEqual([
      expect.stringMatching(new RegExp(`^${time} stderr F err$`)),
    ]);
  });

  test("gives 128 and the signal's number for a killed container", async () => {
    const container = await host.run(["sleep", "600"]);
    await host.runc.kill(container.id, "SIGKILL");
    expect((await host.exitOf(container)).exitCode).toBe(137);
    await waitUntilGone(container.monitor, AbortSignal.timeout(5000));
  });

  test("marks a container that the kernel killed for want of memory", async () => {
    const memory = { limit: 16 * 1024 * 1024, swap: 16 * 1024 * 1024 };
    const container = await host.run(["tail", "/dev/zero"], { resources: { memory } });
    expect((await host.exitOf(container)).exitCode).toBe(137);
    expect(await readdir(container.persistDirectory)).toContain("oom");
  });

  test("drops the output without a log path", async () => {
    const container = await host.run(["echo", "unheard"], { logPath: undefined });
    expect((await host.exitOf(container)).exitCode).toBe(0);
    expect(await readdir(container.bundle)).not.toContain("log");
    expect(await readdir(container.bundle)).not.toContain("none");
  });

  test("gives a terminal when asked", async () => {
    const container = await host.run(["sh", "-c", "test -t 0 && test -t 1 && echo yes"], { terminal: true });
    expect((await host.exitOf(container)).exitCode).toBe(0);
    expect(await readFile(join(container.bundle, "log"), "utf8")).toMatch(/ stdout F yes\r\n$/);
  });

  test("leaves stdin open for later clients, or empty where none is asked for", async () => {
    const open = await host.run(["cat"], { stdin: true });
    const empty = await host.run(["cat"]);
    expect((await host.exitOf(empty)).exitCode).toBe(0);
    expect(await isAlive(open.init)).toBe(true);
  });

  test("passes on what the OCI runtime said of a missing command, and leaves nothing of it", async () => {
    const request = await host.prepare(["/no/such/command"]);
    const error = await host.create(request).catch((reason) => reason);
    expect(error).toBeInstanceOf(OciRuntimeError);
    expect(error.message).toMatch(
      /^Container could not be created by \/usr\/sbin\/runc \(handler runc\): .*exec: "\/no\/such\/command": stat .*no such file/,
    );
    await expectNothingOf(request);
  });

  test("says what is wrong with the log path, before anything runs", async () => {
    const lost = await host.prepare(["true"], { logPath: join(host.directory, "gone/log") });
    await expect(host.create(lost)).rejects.toThrow(/did not create .*Failed to open log file No such file/);
    await expectNothingOf(lost);
    const colon = await host.prepare(["true"], { logPath: join(host.directory, "a:b") });
    await expect(host.create(colon)).rejects.toThrow("has a colon");
  });

  test("says what is wrong with the OCI runtime's path", async () => {
    const request = await host.prepare(["true"]);
    const runtime = { ...request.runtime, path: "/nowhere/runc" };
    await expect(host.create({ ...request, runtime })).rejects.toThrow(
      /Runtime path \/nowhere\/runc is not valid/,
    );
    await expectNothingOf(request);
  });

  test("names the package when conmon is not there", async () => {
    const request = await host.prepare(["true"]);
    const conmon = createConmon({ path: "/nowhere/conmon" });
    await expect(conmon.create(request)).rejects.toThrow("apt-get install conmon");
    await expectNothingOf(request);
  });

  test("keeps an existing container when its ID is asked for again", async () => {
    const container = await host.run(["sleep", "600"]);
    await expect(host.conmon.create(container)).rejects.toMatchObject({ code: "already_exists" });
    expect(await isAlive(container.init)).toBe(true);
    expect(await isAlive(container.monitor)).toBe(true);
  });

  test("undoes the creation when the signal aborts, and throws the signal's reason", async () => {
    // An OCI runtime that hangs, but deletes: the monitor waits for its end.
    const slow = join(host.directory, "slow-runc");
    const script = `#!/bin/sh\ncase "$*" in *create*) echo > ${host.directory}/called; sleep 600;; *) exec runc "$@";; esac\n`;
    await writeFile(slow, script, { mode: 0o755 });
    const abort = new AbortController();
    const reason = new Error("the caller has gone");
    const request = await host.prepare(["true"], { signal: abort.signal });
    const creating = host.conmon.create({ ...request, runtime: { ...request.runtime, path: slow } });
    const rejected = expect(creating).rejects.toBe(reason);
    await expect.poll(() => exists(join(host.directory, "called"))).toBe(true);
    const monitor = await identifyProcess(Number(await readFile(join(request.bundle, "conmon.pid"), "utf8")));
    abort.abort(reason);
    await rejected;
    expect(monitor && (await isAlive(monitor))).toBe(false);
    await expectNothingOf(request);
  });

  test("gives up an OCI runtime that hangs when what a failure has left is to be freed", async () => {
    const hanging = join(host.directory, "hanging-runc");
    const deleting = join(host.directory, "deleting");
    const script = `#!/bin/sh\ncase "$*" in *delete*) echo > ${deleting}; sleep 600;; *) exit 1;; esac\n`;
    await writeFile(hanging, script, { mode: 0o755 });
    const request = await host.prepare(["true"]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    try {
      const creating = host.conmon.create({ ...request, runtime: { ...request.runtime, path: hanging } });
      const rejected = expect(creating).rejects.toThrow("what it left could not all be freed");
      let isGivenUp = false;
      rejected.finally(() => {
        isGivenUp = true;
      });
      await until("the OCI runtime hangs", () => exists(deleting));
      // The monitor itself may be the first to ask for it.
      await until("it is given up", () => {
        vi.advanceTimersByTime(10_000);
        return isGivenUp;
      });
      await rejected;
    } finally {
      vi.useRealTimers();
    }
    await expectNothingOf(request);
  });
});

describe("Conmon.reopenLog", () => {
  test("goes on in a new file after a rename, without losing a line", async () => {
    const script = "i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); sleep 0.002; done";
    const container = await host.run(["sh", "-c", script]);
    const { bundle } = container;
    const [logPath, rotated] = [join(bundle, "log"), join(bundle, "log.1")];
    await expect.poll(() => readFile(logPath, "utf8")).toContain("line 20");
    await rename(logPath, rotated);
    await host.conmon.reopenLog(bundle, { logPath });
    await host.exitOf(container);
    const [first, second] = await Promise.all([texts(rotated), texts(logPath)]);
    expect(second.length).toBeGreaterThan(0);
    expect([...first, ...second]).toEqual(Array.from({ length: 400 }, (_, index) => `line ${index}`));
  });

  test("is done when the container has ended, or never had a log", async () => {
    const ended = await host.run(["true"]);
    await host.exitOf(ended);
    await waitUntilGone(ended.monitor, AbortSignal.timeout(5000));
    await host.conmon.reopenLog(ended.bundle, { logPath: join(ended.bundle, "log") });
    const silent = await host.run(["sleep", "600"], { logPath: undefined });
    await host.conmon.reopenLog(silent.bundle);
    expect(await isAlive(silent.monitor)).toBe(true);
  });
});

describe("readExitFile", () => {
  afterEach(() => writeFile(join(host.exits, "x"), ""));

  test.each(["", "seven", "-1", "\0\0"])(
    "takes a file that holds %j for not yet, as an absent one",
    async (text) => {
      expect(readExitFile(host.exits, "absent")).toBeUndefined();
      await writeFile(join(host.exits, "x"), text);
      expect(readExitFile(host.exits, "x")).toBeUndefined();
    },
  );
});

test("a monitor that is killed leaves no exit file, and its pid names nobody", async () => {
  const container = await host.run(["sleep", "600"]);
  await killTree(container.monitor);
  expect(await isAlive(container.monitor)).toBe(false);
  expect(readExitFile(host.exits, container.id)).toBeUndefined();
});

async function expectNothingOf({ id, bundle }: { id: string; bundle: string }): Promise<void> {
  expect(await host.runc.state(id)).toBeUndefined();
  expect((await readdir(bundle)).filter((name) => !["config.json", "log", "persist"].includes(name))).toEqual(
    [],
  );
  expect(await exists(join(host.directory, "a", id))).toBe(false);
  expect(await exists(join(host.exits, id))).toBe(false);
  expect(await findLeftovers(id)).toEqual([]);
}

async function texts(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  return lines.map((line) => line.replace(/^\S+ \S+ \S+ /, ""));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
