import { execFile } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startFakeRuntime } from "crikit/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { userProject } from "../support/user-project.js";

const run = promisify(execFile);
const source = fileURLToPath(new URL("../..", import.meta.url));
const program = new URL("programs/own-copies.ts", import.meta.url);
let project: Awaited<ReturnType<typeof userProject>>;

beforeAll(async () => {
  project = await userProject();
  const packages = "node_modules/@connectrpc";
  await cp(join(source, packages), join(project.path, packages), { recursive: true });
});
afterAll(() => project[Symbol.asyncDispose]());

test.each([
  ["mts", "mjs"],
  ["cts", "cjs"],
])(
  "a program in .%s gives crikit what it made with its own connect-es and protobuf-es",
  async (extension, compiled) => {
    expect(await compile(`own-copies.${extension}`, await readFile(program, "utf8"))).toEqual([]);
    await using fake = await startFakeRuntime();
    const { stdout } = await run(process.execPath, [`own-copies.${compiled}`, fake.endpoint], {
      cwd: project.path,
    });
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      [true, "own"],
      ["own"],
      [{ metadata: { name: "own" }, hostname: "h" }],
      ["Version", 2],
      ["Status", 2],
      ["permission_denied", true],
      ["in-memory"],
      ["not_found"],
      ["crikit-fake"],
      ["crikit-fake"],
    ]);
  },
  60_000,
);

/** What the compiler has to say of a file of ours. */
async function compile(file: string, code: string): Promise<string[]> {
  await writeFile(join(project.path, file), code);
  const compilerOptions = {
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2022", "ESNext.Disposable", "DOM"],
    strict: true,
    exactOptionalPropertyTypes: true,
    types: ["node"],
    typeRoots: [join(source, "node_modules/@types")],
  };
  await writeFile(join(project.path, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  const tsc = join(source, "node_modules/typescript/bin/tsc");
  const { stdout } = await run(process.execPath, [tsc], { cwd: project.path }).catch((error) => error);
  return stdout.split("\n").filter((line: string) => line !== "");
}
