import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { sleep } from "../../../src/async/abort.js";
import { leftOut } from "../../left-out.js";
import { until } from "../../support/until.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { type StandInCriu, standInCriu } from "../support/stand-in-criu.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let criu: StandInCriu | undefined;
let out: string;

async function start(standIn: StandInCriu | undefined): Promise<void> {
  criu = standIn;
  test = await startTestRuntime(standIn ? { handlers: { runc: standIn.handler } } : {});
  await pullBusybox(test);
  out = join(test.directory, "out");
  await mkdir(out);
}

async function end(): Promise<void> {
  expect(await test.end()).toEqual([]);
  await criu?.[Symbol.asyncDispose]();
}

async function removePods(): Promise<void> {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
  for (const name of await readdir(out)) await rm(join(out, name), { recursive: true });
}

const counting = () =>
  containerConfig(["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done"]);

async function logSize(id: string): Promise<number> {
  return (await stat((await statusOf(test, id)).logPath)).size;
}

async function startCounting(pod: string): Promise<string> {
  const id = await startContainer(test, pod, counting());
  await counts(id);
  return id;
}

/** Resolves when the container has said something more. */
async function counts(id: string): Promise<void> {
  const before = await logSize(id).catch(() => 0);
  await until("the container counts on", async () => (await logSize(id).catch(() => 0)) > before);
}

type Request = Parameters<TestRuntime["runtime"]["checkpointPod"]>[0];

const checkpoint = (request: Request, timeoutMs = 60_000) =>
  test.runtime.checkpointPod({ outputPath: out, ...request }, { timeoutMs });

function directories(): void {
  it("holds each of the containers, and what they are", async () => {
    const pod = await runPod(test);
    const containers = [await startCounting(pod), await startCounting(pod)];
    const other = await startCounting(pod);
    await checkpoint({ podSandboxId: pod, containerIds: containers });
    expect((await readdir(out)).sort()).toEqual([...containers, "pod.dump"].sort());
    for (const id of containers) {
      const files = await readdir(join(out, id));
      expect(files).toEqual(
        expect.arrayContaining(["checkpoint", "config.dump", "rootfs-diff.tar", "container.log"]),
      );
      expect(await readdir(join(out, id, "checkpoint"))).toContain("inventory.img");
    }
    const summary = JSON.parse(await readFile(join(out, "pod.dump"), "utf8"));
    expect(summary.sandbox.id).toBe(pod);
    expect(summary.containers.map(({ id }: { id: string }) => id)).toEqual(containers);
    for (const id of [...containers, other]) await counts(id);
  });
}

describe("CheckpointPod, a stand-in for criu", () => {
  beforeAll(async () => start(await standInCriu()));
  afterEach(removePods);
  afterAll(end);

  directories();

  it("lets none run before the last has been written", async () => {
    const pod = await runPod(test);
    const [first, second] = [await startCounting(pod), await startCounting(pod)];
    const hang = join(criu?.directory ?? "", "hang");
    await writeFile(hang, second);
    const made = checkpoint({ podSandboxId: pod, containerIds: [first, second] });
    await until("the second is being written", () => existsSync(join(out, second, "dump.log")));
    // What was in the pipe may still come.
    await sleep(200);
    const sizes = [await logSize(first), await logSize(second)];
    await sleep(300);
    expect([await logSize(first), await logSize(second)]).toEqual(sizes);
    await rm(hang);
    await made;
    for (const id of [first, second]) await counts(id);
  });

  it("leaves nothing when one cannot be written, and all run on", async () => {
    const pod = await runPod(test);
    const [first, second] = [await startCounting(pod), await startCounting(pod)];
    await writeFile(join(criu?.directory ?? "", "fail"), second);
    await expect(checkpoint({ podSandboxId: pod, containerIds: [first, second] })).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(`Container ${second} has no checkpoint: Connected TCP socket`),
    });
    expect(await readdir(out)).toEqual([]);
    for (const id of [first, second]) await counts(id);
  });

  it("leaves nothing when its time is over, and all run on", async () => {
    const pod = await runPod(test);
    const id = await startCounting(pod);
    const hang = join(criu?.directory ?? "", "hang");
    await writeFile(hang, id);
    const late = checkpoint({ podSandboxId: pod, containerIds: [id] }, 1000);
    await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
    await rm(hang);
    await until("it is undone", async () => (await readdir(out)).length === 0);
    await counts(id);
  });

  it("refuses what the contract does not allow", async () => {
    const pod = await runPod(test);
    const other = await startContainer(test, await runPod(test), counting());
    const id = await startCounting(pod);
    const created = await createContainer(test, pod, counting());
    const full = join(test.directory, "full");
    await mkdir(join(full, "something"), { recursive: true });
    const rows: [Request, string, RegExp][] = [
      [{ options: { fast: "1" } }, "invalid_argument", /options has "fast"/],
      [{ podSandboxId: "0".repeat(64) }, "not_found", /./],
      [{ outputPath: "out" }, "invalid_argument", /output_path is "out"/],
      [{ outputPath: join(out, "missing") }, "invalid_argument", /output_path is no directory/],
      [{ outputPath: full }, "invalid_argument", /output_path has something in it/],
      [{ containerIds: [] }, "invalid_argument", /container_ids is empty/],
      [{ containerIds: [id, id] }, "invalid_argument", /names a container twice/],
      [{ containerIds: [other] }, "invalid_argument", /container_ids\[0\] is .*no container of sandbox/],
      [{ containerIds: [id, created] }, "failed_precondition", /is created/],
    ];
    for (const [change, code, message] of rows) {
      const refused = checkpoint({ podSandboxId: pod, containerIds: [id], ...change });
      await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    }
    const endless = test.runtime.checkpointPod(
      { podSandboxId: pod, outputPath: out, containerIds: [id] },
      { timeoutMs: 0 },
    );
    await expect(endless).rejects.toMatchObject({ code: "invalid_argument" });
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await expect(checkpoint({ podSandboxId: pod, containerIds: [id] })).rejects.toMatchObject({
      code: "failed_precondition",
    });
    expect(await readdir(out)).toEqual([]);
  });
});

describe.skipIf(leftOut.criu)("CheckpointPod with criu", () => {
  beforeAll(() => start(undefined));
  afterEach(removePods);
  afterAll(end);

  directories();
});
