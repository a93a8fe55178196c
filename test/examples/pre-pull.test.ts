import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Registry, serveRegistry } from "crikit/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunningExample, runExample } from "../support/example.js";
import { until } from "../support/until.js";
import { type Lab, startLab } from "./support/lab.js";

let registry: Registry;
let lab: Lab;
beforeAll(async () => {
  const image = (ref: string) => ({ ref, files: { "/name": ref } });
  registry = await serveRegistry([image("one:1"), image("two:1"), image("three:1")]);
  lab = await startLab();
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await registry?.close();
});

const sorted = (text: string) => text.trimEnd().split("\n").sort();

test("pre-pull brings a list of images, and pulls nothing the second time", async () => {
  const file = join(lab.directory, "images.txt");
  await writeFile(file, `# for the node\n${registry.ref("two:1")}\n\n${registry.ref("three:1")}\n`);
  const args = ["--file", file, registry.ref("one:1"), registry.ref("two:1")];
  const first = await runExample("pre-pull.ts", args, lab);
  expect(first.stderr).toBe("");
  expect(first.exitCode).toBe(0);
  expect(sorted(first.stdout)).toEqual([
    "3 pulled, 0 present, 0 failed",
    ...["one", "three", "two"].map((name) =>
      expect.stringMatching(new RegExp(`^pulled   ${registry.ref(`${name}:1`)} in \\d+\\.\\d s$`)),
    ),
  ]);
  expect(await lab.cri.images.status(registry.ref("three:1"))).toBeDefined();

  const second = await runExample("pre-pull.ts", args, lab);
  expect(second.exitCode).toBe(0);
  expect(second.stdout).toContain(`present  ${registry.ref("one:1")}\n`);
  expect(second.stdout).toContain("0 pulled, 3 present, 0 failed\n");
  const always = await runExample("pre-pull.ts", ["--policy", "always", registry.ref("one:1")], lab);
  expect(always.stdout).toContain("1 pulled, 0 present, 0 failed\n");
});

test("pre-pull tells which images cannot be had, brings the others, and ends with 1", async () => {
  const there = registry.ref("one:1");
  const nowhere = registry.ref("nowhere:1");
  const { exitCode, stdout, stderr } = await runExample("pre-pull.ts", [nowhere, there], lab);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^1 pulled, 0 present, 1 failed$|^0 pulled, 1 present, 1 failed$/m);
  expect(sorted(stderr)).toEqual([expect.stringContaining(`failed   ${nowhere}: `)]);
  const never = await runExample("pre-pull.ts", ["--policy", "never", nowhere], lab);
  expect([never.exitCode, never.stderr]).toEqual([1, expect.stringContaining("the policy is never")]);
  const wrong = await runExample("pre-pull.ts", ["--policy", "sometimes", there], lab);
  expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringMatching(/^--policy must be one of /)]);
});

test("pre-pull gives up at once when it is interrupted", async () => {
  let asked = 0;
  const silent = createServer(() => {
    asked += 1;
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  try {
    await using pull = new RunningExample("pre-pull.ts", [`127.0.0.1:${port}/app:1`], lab);
    await until("the registry is asked", () => asked > 0);
    expect(await pull.interrupt()).toBe(1);
    expect(pull.stderr).toBe("Interrupted\n");
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
