import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../../scripts/setup/engines.mjs";
import { userProject } from "../support/user-project.js";

const run = promisify(execFile);
let project: Awaited<ReturnType<typeof userProject>>;
let fake: FakeRuntime;

const modules = { mjs: ts.ModuleKind.ES2022, cjs: ts.ModuleKind.CommonJS };

beforeAll(async () => {
  project = await userProject();
  const source = await readFile(new URL("./main-paths.ts", import.meta.url), "utf8");
  for (const [extension, module] of Object.entries(modules)) {
    const compilerOptions = { module, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(source, { compilerOptions });
    await writeFile(join(project.path, `main-paths.${extension}`), outputText);
  }
  fake = await startFakeRuntime({ images: ["app:test"] });
  fake.onExec(["id", "-u"], ({ stdout }) => void stdout.write("0\n"));
  fake.onExec(["cat"], async ({ stdin, stdout }) => {
    for await (const chunk of stdin) stdout.write(chunk);
    return 3;
  });
  fake.onRun(["serve"], async ({ stdout, signal }) => {
    stdout.write("ready\n");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return 0;
  });
  fake.onConnect(80, (connection) => void connection.end("bye"));
});

afterAll(async () => {
  await fake[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

describe.each(engines)("the packed package on $name", ({ path, args }) => {
  test.each(Object.keys(modules))(
    "does all that a program in .%s asks of it",
    async (extension) => {
      const program = [...args, `main-paths.${extension}`, fake.endpoint, fake.logRoot];
      const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1" };
      const { stdout } = await run(path, program, { cwd: project.path, env });
      const results: [string, string][] = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(results.length).toBeGreaterThanOrEqual(10);
      expect(results.filter(([, result]) => result !== "ok")).toEqual([]);
    },
    120_000,
  );
});
