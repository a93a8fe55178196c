import { existsSync } from "node:fs";
import { mkdir, readFile, rename, symlink } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { until } from "../../support/until.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let pod: string;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  pod = await runPod(test);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

describe("CreateContainer", () => {
  it.each([
    ["pod_sandbox_id", { podSandboxId: "", config: containerConfig(["true"]) }],
    ["config", {}],
    ["config.metadata", { config: { ...containerConfig(["true"]), metadata: undefined } }],
    ["config.metadata.name", { config: { ...containerConfig(["true"]), metadata: {} } }],
    ["config.image", { config: { ...containerConfig(["true"]), image: undefined } }],
    ["config.image.image", { config: { ...containerConfig(["true"]), image: {} } }],
  ])("refuses a request without %s, naming it", async (field, request) => {
    const refused = test.runtime.createContainer({ podSandboxId: pod, ...request });
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(refused).rejects.toThrow(`${field} is required`);
  });

  it("refuses an absent pod and an absent image by name", async () => {
    const config = containerConfig(["true"]);
    const noPod = test.runtime.createContainer({ podSandboxId: "abc", config });
    await expect(noPod).rejects.toMatchObject({ code: "not_found" });
    const image = { image: "nowhere.test/none:1" };
    const noImage = createContainer(test, pod, containerConfig(["true"], { image }));
    await expect(noImage).rejects.toMatchObject({ code: "not_found" });
    await expect(noImage).rejects.toThrow("nowhere.test/none:1");
  });

  it("reserves the name made from the metadata", async () => {
    const config = containerConfig(["true"], { metadata: { name: "twice", attempt: 1 } });
    const id = await createContainer(test, pod, config);
    const again = createContainer(test, pod, config);
    await expect(again).rejects.toMatchObject({ code: "name_reserved" });
    await expect(again).rejects.toThrow(`is reserved for container ${id}`);
    await createContainer(test, pod, { ...config, metadata: { name: "twice", attempt: 2 } });
    await test.runtime.removeContainer({ containerId: id });
    await createContainer(test, pod, config);
  });

  it("leaves nothing when it fails", async () => {
    const before = await test.runtime.listContainers({});
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    const securityContext = { runAsUsername: "nobody-here" };
    const config = containerConfig(["true"], { linux: { securityContext } });
    await expect(createContainer(test, pod, config)).rejects.toMatchObject({ code: "invalid_argument" });
    expect(await test.runtime.listContainers({})).toEqual(before);
    const after = await readFile("/proc/self/mountinfo", "utf8");
    const own = (text: string) => text.split("\n").filter((line) => line.includes(test.directory));
    expect(own(after)).toEqual(own(mounts));
    // The name is free again.
    await createContainer(test, pod, { ...config, linux: {} });
  });

  it("makes the directory of the log path", async () => {
    const config = containerConfig(["echo", "hello"], { logPath: "deep/er/0.log" });
    const id = await startContainer(test, pod, config);
    const { logPath } = await statusOf(test, id);
    expect(logPath).toBe(join(test.directory, "logs/deep/er/0.log"));
    await until("the log is written", async () => (await readFile(logPath, "utf8")).includes("hello"));
  });

  it("refuses a log path that leads out of the log directory", async () => {
    const refused = createContainer(test, pod, containerConfig(["true"], { logPath: "../out.log" }));
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    await mkdir(join(test.directory, "logs"), { recursive: true });
    await symlink("/tmp", join(test.directory, "logs/away"));
    const linked = createContainer(test, pod, containerConfig(["true"], { logPath: "away/x/out.log" }));
    await expect(linked).rejects.toThrow("log_path");
  });

  it("gives the command a terminal when asked, and logs what it writes there", async () => {
    const config = containerConfig(["sh", "-c", "tty; echo err >&2; echo $TERM"], { tty: true });
    const id = await startContainer(test, pod, config);
    const { logPath } = await statusOf(test, id);
    await until("the log is written", async () => (await readFile(logPath, "utf8")).includes("xterm"));
    const log = await readFile(logPath, "utf8");
    expect(log).toMatch(/ stdout \S+ \/dev\/(pts\/\d+|console)/);
    expect(log).toMatch(/ stdout \S+ err/);
  });

  it("drops the output when there is no log path", async () => {
    const id = await startContainer(test, pod, containerConfig(["echo", "lost"], { logPath: "" }));
    expect((await statusOf(test, id)).logPath).toBe("");
  });
});

describe("StartContainer, ContainerStatus and the others", () => {
  it("say not found for an absent container, and name an empty field", async () => {
    const { runtime } = test;
    for (const call of [runtime.startContainer, runtime.containerStatus, runtime.reopenContainerLog]) {
      await expect(call({ containerId: "absent" })).rejects.toMatchObject({ code: "not_found" });
      await expect(call({})).rejects.toThrow("container_id is required");
    }
    await expect(runtime.stopContainer({})).rejects.toThrow("container_id is required");
    await expect(runtime.removePodSandbox({})).rejects.toThrow("pod_sandbox_id is required");
  });
});

describe("ReopenContainerLog", () => {
  it("has the monitor write to a new file after the old one was renamed", async () => {
    const config = containerConfig(["sh", "-c", "while :; do echo tick; sleep 0.02; done"]);
    const id = await startContainer(test, pod, config);
    const { logPath } = await statusOf(test, id);
    await until("the log is written", async () => (await readFile(logPath, "utf8")).includes("tick"));
    for (const round of [1, 2, 3, 4, 5]) {
      await rename(logPath, `${logPath}.${round}`);
      await test.runtime.reopenContainerLog({ containerId: id });
      // At once: crictl looks for it when the call is through.
      expect(existsSync(logPath)).toBe(true);
    }
    await until("the new log is written", async () => (await readFile(logPath, "utf8")).includes("tick"));
    await test.runtime.stopContainer({ containerId: id });
    const refused = test.runtime.reopenContainerLog({ containerId: id });
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
  });
});
