import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { ContainerState } from "../../../src/proto.js";
import { SessionOpener } from "../../../src/sessions/open-session.js";
import { until } from "../../support/until.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let pod: string;
let running: string;
const opener = new SessionOpener();
const channels = { stdin: false, stdout: true, stderr: true, tty: false };

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  pod = await runPod(test);
  running = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

function spawn(containerId: string, cmd: string[]) {
  const url = async () => (await test.runtime.exec({ containerId, cmd, ...channels })).url;
  return opener.open(channels, url);
}

async function processes(): Promise<string> {
  const { stdout } = await test.runtime.execSync({ containerId: running, cmd: ["ps", "-o", "args"] });
  return Buffer.from(stdout).toString();
}

describe("what can be checked of a session before a client comes for it", () => {
  it.each([
    ["a terminal with a stderr of its own", { tty: true, stderr: true, stdout: true }, "stderr"],
    ["no channel at all", { stdout: false, stderr: false }, "stdout"],
  ])("%s is refused, naming the field", async (_what, asked, field) => {
    const exec = test.runtime.exec({ containerId: running, cmd: ["true"], ...asked });
    await expect(exec).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(field),
    });
    const attach = test.runtime.attach({ containerId: running, ...asked });
    await expect(attach).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("an unknown container, and an empty command", async () => {
    const unknown = "f".repeat(64);
    await expect(spawn(unknown, ["true"])).rejects.toMatchObject({ code: "not_found" });
    await expect(spawn(running, [])).rejects.toMatchObject({ code: "invalid_argument" });
    const attach = test.runtime.attach({ containerId: unknown, stdout: true });
    await expect(attach).rejects.toMatchObject({ code: "not_found" });
    const forward = test.runtime.portForward({ podSandboxId: unknown, port: [80] });
    await expect(forward).rejects.toMatchObject({ code: "not_found" });
  });

  it("a container that does not run", async () => {
    const created = await createContainer(test, pod, containerConfig(["true"]));
    await expect(spawn(created, ["true"])).rejects.toMatchObject({ code: "failed_precondition" });
    const attach = test.runtime.attach({ containerId: created, stdout: true });
    await expect(attach).rejects.toMatchObject({ code: "failed_precondition" });
  });

  it("a terminal for a container that has none, and the other way round", async () => {
    const attach = test.runtime.attach({ containerId: running, stdout: true, tty: true });
    await expect(attach).rejects.toMatchObject({ code: "invalid_argument" });
    const withTerminal = await startContainer(test, pod, containerConfig(["sleep", "1000"], { tty: true }));
    const other = test.runtime.attach({ containerId: withTerminal, stdout: true, tty: false });
    await expect(other).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("a port that is none, and a pod that is stopped", async () => {
    const forward = test.runtime.portForward({ podSandboxId: pod, port: [70_000] });
    await expect(forward).rejects.toMatchObject({ code: "invalid_argument" });
    const stopped = await runPod(test);
    await test.runtime.stopPodSandbox({ podSandboxId: stopped });
    const late = test.runtime.portForward({ podSandboxId: stopped, port: [80] });
    await expect(late).rejects.toMatchObject({ code: "failed_precondition" });
  });
});

describe("a session", () => {
  it("whose client goes takes its command and what that has started with it", async () => {
    const session = await spawn(running, ["sh", "-c", "sleep 4321 & sleep 5432"]);
    await until("both run", async () => (await processes()).match(/sleep (4321|5432)$/gm)?.length === 2);
    await session.close();
    await until("both are gone", async () => !/4321|5432/.test(await processes()));
  });

  it("ends with its container", async () => {
    const container = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const session = await spawn(container, ["sh", "-c", "echo up; sleep 1000"]);
    await once(session.stdout, "data");
    await test.runtime.stopContainer({ containerId: container, timeout: 0n });
    expect((await session.exited).exitCode).toBe(137);
  });

  it("whose input cannot be carried fails alone, with the reason", async () => {
    const containerId = await startContainer(test, pod, containerConfig(["sleep", "1000"], { stdin: true }));
    const asked = { ...channels, stdin: true };
    const url = async () => (await test.runtime.attach({ containerId, ...asked })).url;
    vi.stubEnv("PATH", "/nowhere");
    try {
      const session = await opener.open(asked, url);
      await expect(session.exited).rejects.toThrow(/socat/);
    } finally {
      vi.unstubAllEnvs();
    }
    expect((await statusOf(test, containerId)).state).toBe(ContainerState.CONTAINER_RUNNING);
  });

  describe("with a container that keeps no log", () => {
    // Says as many bytes as it is told, over and over.
    const talk = "while read -r n; do head -c $n /dev/zero | tr '\\0' x; echo; done";

    async function attachTo(command: string) {
      const config = containerConfig(["sh", "-c", command], { logPath: "", stdin: true, stdinOnce: true });
      const containerId = await startContainer(test, pod, config);
      expect((await statusOf(test, containerId)).logPath).toBe("");
      const asked = { ...channels, stdin: true };
      const url = async () => (await test.runtime.attach({ containerId, ...asked })).url;
      const session = await opener.open(asked, url);
      session.stderr.resume();
      return { containerId, session };
    }

    it("gives all that is said, however much", async () => {
      const { session } = await attachTo(talk);
      session.stdin.end("3000000\n");
      expect((await text(session.stdout)).length).toBe(3_000_001);
      expect((await session.exited).exitCode).toBe(0);
    });

    it("keeps what is said for a client that does not read for a while", async () => {
      const { containerId, session } = await attachTo(talk);
      const bytes = 150 * 1024 * 1024;
      session.stdin.end(`${bytes}\n`);
      await until("all is said", async () => (await statusOf(test, containerId)).finishedAt > 0n, 150_000);
      let came = 0;
      for await (const chunk of session.stdout) came += chunk.length;
      expect(came).toBe(bytes + 1);
      expect((await session.exited).exitCode).toBe(0);
    });

    it("tells a client that is too far behind that output was lost", async () => {
      const { containerId, session } = await attachTo(talk);
      session.stdin.end(`${400 * 1024 * 1024}\n`);
      await until("all is said", async () => (await statusOf(test, containerId)).finishedAt > 0n, 150_000);
      session.stdout.resume();
      await expect(session.exited).rejects.toThrow(/Output was lost.*log_path/);
    });
  });
});
