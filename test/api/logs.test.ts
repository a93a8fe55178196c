import { mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type CriClient,
  connect,
  InvalidArgumentError,
  type LogChunk,
  type LogOptions,
  NotFoundError,
  type OwnedContainer,
} from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let fake: FakeRuntime;
let cri: CriClient;

beforeEach(async () => {
  fake = await startFakeRuntime({ images: ["demo"] });
  fake.onRun("say", ({ argv, stdout }) => {
    for (const line of argv.slice(1)) stdout.write(`${line}\n`);
  });
  fake.onRun("stay", ({ stdout, signal }) => {
    stdout.write("staying\n");
    return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

async function run(...command: string[]): Promise<OwnedContainer> {
  const pod = await cri.pods.run({ metadata: { name: "demo" } });
  return pod.runContainer({ metadata: { name: "job" }, image: { image: "demo" }, command });
}

async function textsOf(container: OwnedContainer, options?: LogOptions): Promise<string[]> {
  const texts: string[] = [];
  for await (const line of container.logs(options)) texts.push("text" in line ? line.text : `${line.bytes}`);
  return texts;
}

describe("options of logs that cannot be", () => {
  test.each([
    ["tail", { tail: -1 }],
    ["tail", { tail: 1.5 }],
    ["limitBytes", { limitBytes: Number.NaN }],
    ["since", { since: new Date("never") }],
    ["until", { until: new Date("never") }],
    ["since", { since: new Date(2_000), until: new Date(1_000) }],
    ["streams", { streams: [] }],
    ["previous", { previous: true, follow: true }],
  ] as const)("%s: %o", (field, options) => {
    let error: unknown;
    try {
      cri.containers.get("any").logs(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({ field, message: expect.stringContaining(field) });
  });
});

describe("logs", () => {
  test("with `until` in the future, following ends when it has come", async () => {
    const container = await run("stay");
    expect(await textsOf(container, { follow: true, until: new Date(Date.now() + 300) })).toEqual([
      "staying",
    ]);
  });

  test("give bytes where bytes are asked for", async () => {
    const container = await run("say", "hello");
    await container.wait();
    for await (const line of container.logs({ encoding: "buffer" }))
      expect(line.bytes).toEqual(Buffer.from("hello"));
    expect(await textsOf(container, { encoding: "buffer", limitBytes: 3 })).toEqual(["hel"]);
  });

  test("give many lines at once as the bytes that were written", async () => {
    const container = await run("say", "hello", "world");
    await container.wait();
    const chunks: LogChunk[] = [];
    for await (const chunk of container.logChunks()) chunks.push(chunk);
    expect(chunks).toEqual([
      { stream: "stdout", bytes: Buffer.from("hello\nworld\n"), lines: 2, gapBefore: false },
    ]);
    expect(() => container.logChunks({ tail: -1 })).toThrow(InvalidArgumentError);
  });

  test("of a previous attempt that is not there are an error that says so", async () => {
    const container = await run("say", "hello");
    const previous = container.logs({ previous: true }).next();
    await expect(previous).rejects.toBeInstanceOf(NotFoundError);
    await expect(previous).rejects.toThrow("first attempt");
  });

  test("are found through the link that cri-dockerd makes, with what Docker has rotated", async () => {
    const container = await run("say", "hello");
    await container.wait();
    const { logPath } = await container.status();
    const docker = join(fake.logRoot, "docker");
    await mkdir(docker);
    const entry = (log: string, second: number) =>
      `${JSON.stringify({ log: `${log}\n`, stream: "stdout", time: `2026-01-02T03:04:0${second}.5Z` })}\n`;
    await writeFile(join(docker, "id-json.log.1"), entry("older", 1));
    await writeFile(join(docker, "id-json.log"), entry("newer", 2));
    await rm(logPath);
    await symlink(join(docker, "id-json.log"), logPath);
    expect(await textsOf(container)).toEqual(["older", "newer"]);
  });
});

describe("hostRoot", () => {
  test("is where logs of the host are read, and the directories for them made and removed", async () => {
    const host = join(fake.logRoot, "host");
    await using inside = await connect(fake.endpoint, { logRoot: "/logs-of-the-host", hostRoot: host });
    const pod = await inside.pods.run({ metadata: { name: "demo", uid: "u" } });
    const directory = join(host, "logs-of-the-host/default_demo_u");
    expect(await readdir(dirname(directory))).toEqual(["default_demo_u"]);
    const container = await pod.createContainer({ metadata: { name: "job" }, image: { image: "demo" } });
    expect(await readdir(directory)).toEqual(["job"]);
    await writeFile(join(directory, "job/0.log"), "2026-01-02T03:04:05Z stdout F hello\n");
    expect(await textsOf(container)).toEqual(["hello"]);
    await rename(directory, `${directory}.gone`);
    await expect(container.logs().next()).rejects.toThrow("hostRoot");
    await rename(`${directory}.gone`, directory);
    await pod[Symbol.asyncDispose]();
    expect(await readdir(dirname(directory))).toEqual([]);
  });
});
