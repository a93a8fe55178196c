import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { leftOut } from "../../left-out.js";
import { holdClock } from "../../support/held-clock.js";
import { until } from "../../support/until.js";
import { containerConfig, createContainer, runPod, startContainer, statusOf } from "../support/pods.js";
import { type StandInCriu, standInCriu } from "../support/stand-in-criu.js";
import { busybox, pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const run = promisify(execFile);

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

/** Counts, for ever, so that it can be seen whether it runs. */
const script = [
  "rm -r /www; mkdir /www; echo mine > /www/new; echo other > /etc/passwd; rm /etc/group",
  "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done",
].join("; ");

async function startCounting(pod: string): Promise<string> {
  const id = await startContainer(test, pod, containerConfig(["sh", "-c", script]));
  await counts(id);
  return id;
}

/** Resolves when the container has said something more. */
async function counts(id: string): Promise<void> {
  const { logPath } = await statusOf(test, id);
  const size = async () => (await stat(logPath)).size;
  const before = await size();
  await until("the container counts on", async () => (await size()) > before);
}

async function checkpoint(containerId: string, location = join(out, "c.tar"), timeout = 0n): Promise<string> {
  await test.runtime.checkpointContainer({ containerId, location, timeout });
  return location;
}

async function unpack(archive: string): Promise<string> {
  const directory = `${archive}.unpacked`;
  await mkdir(directory);
  await run("tar", ["-xf", archive, "-C", directory]);
  return directory;
}

/** Nothing of the runtime's own is left for a container but what it had before. */
async function expectNoTraces(id: string): Promise<void> {
  expect(await readdir(out)).toEqual([]);
  expect(existsSync(join(test.config.root, "containers", id, "checkpoint"))).toBe(false);
  await counts(id);
}

function archives(): void {
  it("holds the processes, the configuration, the changed files and the log, for its owner alone", async () => {
    const id = await startCounting(await runPod(test));
    const archive = await checkpoint(id);
    await counts(id);
    expect((await stat(archive)).mode & 0o777).toBe(0o600);
    const directory = await unpack(archive);
    expect(await readdir(join(directory, "checkpoint"))).toEqual(
      expect.arrayContaining(["inventory.img", "pages-1.img"]),
    );
    expect(await readdir(directory)).toEqual(expect.arrayContaining(["dump.log", "stats-dump"]));
    const read = async (name: string) => JSON.parse(await readFile(join(directory, name), "utf8"));
    expect(await read("config.dump")).toMatchObject({ id, rootfsImage: busybox, runtime: "runc" });
    expect(await read("status.dump")).toMatchObject({ id, state: "CONTAINER_RUNNING" });
    expect((await read("spec.dump")).process.args).toEqual(["sh", "-c", script]);
    expect(await read("deleted.files")).toEqual(["etc/group"]);
    const { stdout } = await run("tar", [
      "-xOf",
      join(directory, "rootfs-diff.tar"),
      "./www/new",
      "./etc/passwd",
    ]).catch(() => run("tar", ["-xOf", join(directory, "rootfs-diff.tar"), "www/new", "etc/passwd"]));
    expect(stdout.split("\n").sort()).toEqual(["", "mine", "other"]);
    expect(await readFile(join(directory, "container.log"), "utf8")).toMatch(/stdout F 1\n/);
    expect(await readdir(out)).toEqual(["c.tar", "c.tar.unpacked"]);
  });

  it("takes the place of an older one, and can be made again and again", async () => {
    const id = await startCounting(await runPod(test));
    await writeFile(join(out, "c.tar"), "older");
    await checkpoint(id);
    await checkpoint(id);
    expect((await readFile(join(out, "c.tar"))).subarray(0, 5).toString()).not.toBe("older");
    await test.runtime.stopContainer({ containerId: id, timeout: 0n });
  });
}

describe("CheckpointContainer, a stand-in for criu", () => {
  beforeAll(async () => start(await standInCriu()));
  afterEach(removePods);
  afterAll(end);

  archives();

  it("says why criu could not, and leaves the container running and no file", async () => {
    const id = await startCounting(await runPod(test));
    await writeFile(join(criu?.directory ?? "", "fail"), id);
    await expect(checkpoint(id)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("no checkpoint: Connected TCP socket"),
    });
    await expectNoTraces(id);
  });

  it("gives up in time, and leaves the container running and no file", async () => {
    const id = await startCounting(await runPod(test));
    const hang = join(criu?.directory ?? "", "hang");
    await writeFile(hang, id);
    using clock = holdClock();
    const late = expect(checkpoint(id, join(out, "c.tar"), 1n)).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
    const scratch = join(test.config.root, "containers", id, "checkpoint");
    const written = () => readdir(scratch, { recursive: true }).catch(() => []);
    await until("it is being written", async () =>
      (await written()).some((name) => name.endsWith("dump.log")),
    );
    await clock.pass(1000);
    await rm(hang);
    await late;
    await expectNoTraces(id);
  });

  it("is undone by the next daemon when one dies in the middle", async () => {
    const id = await startCounting(await runPod(test));
    const record = join(test.config.root, "containers", id, "record.json");
    await checkpoint(id);
    await rm(join(out, "c.tar"));
    await test.restart(async () => {
      // What a daemon leaves that was killed while it packed.
      const scratch = join(test.config.root, "containers", id, "checkpoint");
      const paths = [scratch, join(out, "half.partial")];
      await mkdir(scratch);
      await writeFile(join(out, "half.partial"), "half");
      const whole = JSON.parse(await readFile(record, "utf8"));
      await writeFile(
        record,
        JSON.stringify({ ...whole, record: { ...whole.record, checkpoint: { paths } } }),
      );
      await run("runc", ["--root", join(test.config.state, "oci/runc"), "pause", id]);
    });
    await expectNoTraces(id);
  });

  it("kills a paused container that is removed", async () => {
    const id = await startCounting(await runPod(test));
    await run("runc", ["--root", join(test.config.state, "oci/runc"), "pause", id]);
    await test.runtime.removeContainer({ containerId: id });
  });

  it.each([
    ["relative.tar", /location is "relative.tar": give an absolute path/],
    ["/no/such/directory/c.tar", /location lies in no directory/],
    ["/tmp", /location is a directory/],
    ["", /location is required/],
  ])("refuses the location %j", async (location, message) => {
    const id = await startCounting(await runPod(test));
    const refused = test.runtime.checkpointContainer({ containerId: id, location });
    await expect(refused).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(message),
    });
  });

  it("refuses a container that does not run, and one that is not there", async () => {
    const id = await createContainer(test, await runPod(test), containerConfig(["true"]));
    await expect(checkpoint(id)).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(checkpoint("0".repeat(64))).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("CheckpointContainer where criu does not work", () => {
  beforeAll(async () =>
    start(await standInCriu("echo 'Error (criu/vdso.c:381): vdso: Unexpected bounds'; exit 1")),
  );
  afterEach(removePods);
  afterAll(end);

  it("says so before it touches the container", async () => {
    const id = await startCounting(await runPod(test));
    await expect(checkpoint(id)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(
        /criu \(.*\) does not work on this node's kernel: vdso: Unexpected bounds/,
      ),
    });
    await expectNoTraces(id);
  });
});

describe.skipIf(leftOut.criu)("CheckpointContainer with criu", () => {
  beforeAll(() => start(undefined));
  afterEach(removePods);
  afterAll(end);

  archives();
});
