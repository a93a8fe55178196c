import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { PodSandboxState } from "../../src/proto.js";
import { defaultConfig, type HandlerConfig } from "../../src/runtime/index.js";
import { insides } from "./support/insides.js";
import { containerConfig, createContainer, podConfig, startContainer, statusOf } from "./support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "./support/test-runtime.js";

const runc = defaultConfig.handlers.runc as HandlerConfig;
let directory: string;
let test: TestRuntime;

/** A handler of a shell script; what it does not do itself it leaves to runc. */
async function scripted(name: string, script: string, more: Partial<HandlerConfig> = {}) {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\nexec runc "$@"\n`);
  await chmod(path, 0o755);
  return { ...runc, path, ...more };
}

/** Behind options that all commands have, `$command` is the command. */
const command = "for word; do case $word in --*) ;; *) command=$word; break;; esac; done";

/** As runc does before it writes down anything of the container. */
const makeGroup = [
  `group=$(sed 's/.*"cgroupsPath":"\\([^"]*\\)".*/\\1/' config.json)`,
  "for tree in /sys/fs/cgroup /sys/fs/cgroup/pids; do [ ! -e $tree/cgroup.procs ] || mkdir -p $tree$group; done",
].join("; ");

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-handler-"));
});

afterAll(() => rm(directory, { recursive: true }));

function runPod(runtimeHandler: string) {
  return test.runtime.runPodSandbox({ config: podConfig(test), runtimeHandler });
}

async function nothingIsLeft() {
  const { items } = await test.runtime.listPodSandbox({});
  expect(items).toEqual([]);
  for (const place of ["persist", "exits", "sandboxes", "containers"]) {
    expect(await readdir(join(test.directory, "state", place))).toEqual([]);
  }
}

describe("A handler whose program", () => {
  afterEach(async () => {
    await nothingIsLeft();
    expect(await test.end()).toEqual([]);
  });

  it.each([
    ["dies", "kill -9 $$", /odd \(handler odd\)/],
    ["dies when there is a control group", `${makeGroup}; kill -9 $$`, /odd \(handler odd\)/],
    ["prints garbage and fails", 'echo \'{"level": "err\'; echo what >&2; exit 1', /odd.*what/],
    ["does nothing and says that it did", "exit 0", /odd \(handler odd\)/],
    ["cannot be executed any more", `rm ${"$0"}; exit 1`, /odd \(handler odd\)/],
  ])("%s when it is to create a pod fails it, named, and leaves nothing", async (_what, does, message) => {
    const script = `${command}; if [ "$command" = create ]; then ${does}; fi`;
    test = await startTestRuntime({ handlers: { runc, odd: await scripted("odd", script) } });
    const failure = await runPod("odd").catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(message) });
    // The purge looks for it.
    await scripted("odd", "");
  });
});

it("A container that has ended at once has been started, also where its handler cannot free it yet", async () => {
  const obstacle = join(directory, "obstacle");
  const late = '*" start "*) runc "$@"; sleep 0.3; exit;;';
  const stuck = `*" delete "*) [ ! -e ${obstacle} ] || exit 1;;`;
  const odd = await scripted("odd", `case " $* " in ${late} ${stuck} esac`);
  test = await startTestRuntime({ handlers: { runc, odd } });
  await pullBusybox(test);
  const { podSandboxId } = await runPod("odd");
  const containerId = await createContainer(test, podSandboxId, containerConfig(["true"]));
  await writeFile(obstacle, "");
  await test.runtime.startContainer({ containerId });
  expect(await statusOf(test, containerId)).toMatchObject({ exitCode: 0, reason: "Completed" });
  await rm(obstacle);
  await test.runtime.removePodSandbox({ podSandboxId });
  expect(await test.end()).toEqual([]);
});

it("A pause process that dies as a container is started fails the start with what to do", async () => {
  const victim = join(directory, "victim");
  const kill = `[ ! -e ${victim} ] || kill -9 $(cat ${victim})`;
  const script = `${command}; if [ "$command" = create ]; then ${kill}; fi`;
  test = await startTestRuntime({ handlers: { runc, odd: await scripted("odd", script) } });
  await pullBusybox(test);
  const { podSandboxId } = await runPod("odd");
  const containerId = await createContainer(test, podSandboxId, containerConfig(["sleep", "1000"]));
  await writeFile(victim, `${(await insides(test, "sandboxes", podSandboxId)).initPid}`);
  await expect(test.runtime.startContainer({ containerId })).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringContaining(
      `Sandbox ${podSandboxId} of pod default/demo is not ready: run a new one`,
    ),
  });
  expect(await statusOf(test, containerId)).toMatchObject({ exitCode: 128, reason: "StartError" });
  expect(await test.end()).toEqual([]);
});

describe("A handler", () => {
  beforeEach(async () => {
    test = await startTestRuntime({
      handlers: { runc, own: { ...runc, root: join(directory, "own") } },
    });
    await pullBusybox(test);
  });

  afterEach(async () => {
    expect(await test.end()).toEqual([]);
  });

  it("keeps its state where it is told to, beside containers of others, which are left alone", async () => {
    const root = join(directory, "own");
    const stranger = await startTestRuntime({ handlers: { runc: { ...runc, root } } });
    const config = podConfig(stranger);
    const { podSandboxId: theirs } = await stranger.runtime.runPodSandbox({ config });
    const { podSandboxId } = await runPod("own");
    expect((await readdir(root)).sort()).toEqual([podSandboxId, theirs].sort());
    await test.restart();
    await test.runtime.removePodSandbox({ podSandboxId });
    expect(await readdir(root)).toEqual([theirs]);
    const { status } = await stranger.runtime.podSandboxStatus({ podSandboxId: theirs });
    expect(status?.state).toBe(PodSandboxState.SANDBOX_READY);
    expect(await stranger.end()).toEqual([]);
  });

  it("that has left the configuration leaves pods that can be removed after all", async () => {
    const { podSandboxId } = await runPod("own");
    const containerId = await startContainer(test, podSandboxId, containerConfig(["sleep", "1000"]));
    await test.restart(undefined, { handlers: { runc } });
    expect((await statusOf(test, containerId)).state).toBe(1);
    await test.runtime.removePodSandbox({ podSandboxId });
    await nothingIsLeft();
    await expect(createContainer(test, podSandboxId, containerConfig(["true"]))).rejects.toMatchObject({
      code: "not_found",
    });
  });
});
