import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { holdClock } from "../../support/held-clock.js";
import { until } from "../../support/until.js";
import { insides, killProcess } from "../support/insides.js";
import { containerConfig, createContainer, runPod, startContainer } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let pod: string;
let containerId: string;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  pod = await runPod(test);
  const envs = [{ key: "GREETING", value: Buffer.from("hello") }];
  containerId = await startContainer(test, pod, containerConfig(["sleep", "1000"], { envs }));
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

async function exec(script: string, timeout = 0n) {
  const cmd = ["sh", "-c", script];
  const { stdout, stderr, exitCode } = await test.runtime.execSync({ containerId, cmd, timeout });
  return { stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), exitCode };
}

async function processes(): Promise<string> {
  return (await exec("ps")).stdout;
}

/** The host's pid of a command, by its words. */
async function findProcess(...words: string[]): Promise<number | undefined> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line === `${words.join("\0")}\0`) return Number(pid);
  }
  return undefined;
}

function statusOf(pid: number | undefined): Promise<string> {
  return readFile(`/proc/${pid}/status`, "utf8");
}

async function parentOf(pid: number | undefined): Promise<number> {
  return Number(/^PPid:\s*(\d+)$/m.exec(await statusOf(pid))?.[1]);
}

describe("ExecSync", () => {
  it("gives both outputs and the exit code", async () => {
    const result = await exec("echo out; echo err >&2; exit 3");
    expect(result).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 3 });
  });

  it("runs in the container's environment", async () => {
    expect((await exec("echo $GREETING; cat /etc/hostname; ls /proc/1/exe")).stdout).toBe(
      "hello\ndemo\n/proc/1/exe\n",
    );
  });

  it("has an empty standard input", async () => {
    expect(await exec("cat; echo done")).toMatchObject({ stdout: "done\n", exitCode: 0 });
  });

  it("gives output of several MiB whole", async () => {
    const { stdout } = await test.runtime.execSync({
      containerId,
      cmd: ["sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x"],
    });
    expect(stdout.length).toBe(5_000_000);
    expect(Buffer.from(stdout).every((byte) => byte === "x".charCodeAt(0))).toBe(true);
  });

  it("fails with an error that says so when there is too much output, and ends the command", async () => {
    const flood = exec("yes 0123456789abcdef");
    await expect(flood).rejects.toMatchObject({ code: "resource_exhausted" });
    await expect(flood).rejects.toThrow("16 MiB");
    await until("the command is gone", async () => !(await processes()).includes("yes "));
  });

  it("that does not end in time fails, and takes its descendants with it", async () => {
    const before = performance.now();
    const late = exec("sleep 876 & sleep 875", 1n);
    await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect(performance.now() - before).toBeLessThan(10_000);
    await until("the commands are gone", async () => !/sleep 87\d/.test(await processes()));
  });

  it("that does not end in time is no zombie either when the caller learns of it", async () => {
    using clock = holdClock();
    let command: number | undefined;
    let told: unknown[] | undefined;
    void exec("exec sleep 853", 1n).catch(({ code }) => {
      told = [code, existsSync(`/proc/${command}`)];
    });
    await until("it runs", async () => {
      command = await findProcess("sleep", "853");
      return command !== undefined;
    });
    // The OCI runtime, which is to reap it, is slow.
    const parent = await parentOf(command);
    process.kill(parent, "SIGSTOP");
    await clock.pass(1000);
    await until("it is killed", async () => (await statusOf(command)).includes("(zombie)"));
    // Time to be told too early.
    await Promise.all([clock.pass(500), sleep(500)]);
    process.kill(parent, "SIGCONT");
    await clock.passUntil("it is told", () => told !== undefined);
    expect(told).toEqual(["deadline_exceeded", false]);
  });

  it("does not wait past its time for a pipe that an orphan holds, and ends the orphan", async () => {
    const late = exec("sleep 865 & exit 0", 1n);
    await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
    await until("the orphan is gone", async () => !(await processes()).includes("sleep 865"));
  });

  it("ends the command when the caller gives up", async () => {
    const signal = AbortSignal.timeout(300);
    const given = test.runtime.execSync({ containerId, cmd: ["sleep", "854"] }, { signal });
    await expect(given).rejects.toThrow();
    await until("the command is gone", async () => !(await processes()).includes("sleep 854"));
  });

  it("of a command that does not exist fails and names it", async () => {
    const missing = test.runtime.execSync({ containerId, cmd: ["/no/such/command"] });
    await expect(missing).rejects.toThrow("/no/such/command");
  });

  it("in a container whose end nobody has noticed yet is refused", async () => {
    const ended = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const { initPid, monitorPid } = await insides(test, "containers", ended);
    process.kill(monitorPid, "SIGSTOP");
    try {
      await killProcess(initPid);
      const refused = test.runtime.execSync({ containerId: ended, cmd: ["true"], timeout: 0n });
      await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    } finally {
      process.kill(monitorPid, "SIGCONT");
    }
  });

  it("in a container that does not run is refused", async () => {
    const created = await createContainer(test, pod, containerConfig(["true"]));
    const refused = test.runtime.execSync({ containerId: created, cmd: ["true"] });
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    const absent = test.runtime.execSync({ containerId: "absent", cmd: ["true"] });
    await expect(absent).rejects.toMatchObject({ code: "not_found" });
    const empty = test.runtime.execSync({ containerId, cmd: [] });
    await expect(empty).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
