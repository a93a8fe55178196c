import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createRuntime, purgeRuntime } from "../../../src/runtime/index.js";
import { createLogger } from "../../../src/runtime/log.js";
import { containerConfig, createContainer, runPod } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const run = promisify(execFile);
const log = createLogger("error", () => {});
const kinds = ["sandboxes", "containers", "images", "layers"];

let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
  const pod = await runPod(test);
  await createContainer(test, pod, containerConfig(["true"]));
  // What a start would sweep away, in every store.
  for (const kind of kinds) await mkdir(join(test.config.root, kind, "half-made"));
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

/** Every file with its size and times. Locks are taken and given back by whoever looks. */
async function snapshot(): Promise<string> {
  const { root, state } = test.config;
  const { stdout } = await run("find", [
    root,
    state,
    "-xdev",
    "!",
    "-name",
    "lock",
    "-printf",
    "%p %s %T@ %C@\n",
  ]);
  return stdout;
}

/** The files that say which version something has. */
async function versionFile(kind: string): Promise<string> {
  const directory = join(test.config.root, kind);
  const ids = (await readdir(directory)).filter((name) => name !== "half-made");
  return join(directory, ids[0] ?? "", "record.json");
}

describe("A newer version", () => {
  it.each(kinds)("of a record in %s keeps daemon and purge off, and nothing is changed", async (kind) => {
    await test.restart(async () => {
      const file = await versionFile(kind);
      const text = await readFile(file, "utf8");
      await writeFile(file, JSON.stringify({ ...JSON.parse(text), version: 2 }));
      const before = await snapshot();
      const message = `${file} was written by a newer crikit-runtime (record version 2, this one knows 1): run that one`;
      await expect(createRuntime(test.config, { log }).listen()).rejects.toThrow(message);
      await expect(purgeRuntime(test.config, { log })).rejects.toThrow(message);
      expect(await snapshot()).toBe(before);
      await writeFile(file, text);
      for (const each of kinds) await mkdir(join(test.config.root, each, "half-made"), { recursive: true });
    });
  });

  it("of the whole root does as well", async () => {
    await test.restart(async () => {
      const file = join(test.config.root, "version");
      await writeFile(file, "2\n");
      const before = await snapshot();
      const message = `Root ${test.config.root} was made by a newer crikit-runtime`;
      await expect(createRuntime(test.config, { log }).listen()).rejects.toThrow(message);
      await expect(purgeRuntime(test.config, { log })).rejects.toThrow(message);
      expect(await snapshot()).toBe(before);
      await writeFile(file, "1\n");
    });
  });
});
