import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { userProject } from "../support/user-project.js";

const run = promisify(execFile);
const source = fileURLToPath(new URL("../..", import.meta.url));
const entries = ["crikit", "crikit/kube", "crikit/proto", "crikit/testing"];
let project: string;

let installed: Awaited<ReturnType<typeof userProject>>;

beforeAll(async () => {
  installed = await userProject();
  project = installed.path;
});
afterAll(() => installed[Symbol.asyncDispose]());

async function runFile(name: string, code: string): Promise<string> {
  await writeFile(join(project, name), code);
  const { stdout, stderr } = await run(process.execPath, [name], { cwd: project });
  expect(stderr).toBe("");
  return stdout;
}

/** The files of crikit that a program has loaded. */
async function loadedBy(name: string, code: string): Promise<string[]> {
  const coverage = join(project, `${name}.coverage`);
  await writeFile(join(project, name), code);
  const env = { ...process.env, NODE_V8_COVERAGE: coverage };
  await run(process.execPath, [name], { cwd: project, env });
  const [file = ""] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(join(coverage, file), "utf8"));
  return result
    .map(({ url }: { url: string }) => url)
    .filter((url: string) => url.includes("/node_modules/crikit/"))
    .map(fileURLToPath);
}

/** The sources that a built file is made of. */
function partsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/^[/][/] ((?:src|gen|node_modules)[/].*)$/gm)].map(
    ([, part = ""]) => part,
  );
}

test("every entry can be imported, with what it promises", async () => {
  const code = `
    import { connect, CriError } from "crikit";
    import { playPod } from "crikit/kube";
    import { RuntimeService } from "crikit/proto";
    import { createRuntime } from "crikit/runtime";
    import { startRuntime, importImage, serveRegistry } from "crikit/testing";
    const kinds = [connect, CriError, playPod, createRuntime, startRuntime, importImage, serveRegistry];
    console.log(kinds.map((kind) => typeof kind).join(), RuntimeService.typeName);
  `;
  expect(await runFile("all.mjs", code)).toBe(`${Array(7).fill("function")} runtime.v1.RuntimeService\n`);
});

test("every entry of the client can be required, and the runtime be imported", async () => {
  const code = `
    const entries = [${entries.map((entry) => `require("${entry}")`).join()}];
    import("crikit/runtime").then((runtime) => {
      console.log([...entries, runtime].map((entry) => typeof entry).join());
    });
  `;
  expect(await runFile("all.cjs", code)).toBe(`${Array(5).fill("object")}\n`);
});

test.each(["mjs", "cjs"])(
  "the SDK loads nothing of manifests, of the runtime or of tests, no YAML and no types of protobuf's own, in .%s",
  async (extension) => {
    const code = extension === "mjs" ? 'import "crikit";' : 'require("crikit");';
    const parts = (await loadedBy(`lean.${extension}`, code)).flatMap(partsOf);
    expect(parts).toContain("src/api/connect.ts");
    const others = /^src.(kube|runtime|testing).|node_modules.yaml.|_pb[.]js$/;
    expect(parts.filter((part) => others.test(part))).toEqual([]);
  },
);

test.each(["mjs", "cjs"])(
  "the SDK loads what only sessions need of Node with the first one, in .%s",
  async (extension) => {
    const code = `
    const before = new Set(process.moduleLoadList);
    ${extension === "mjs" ? 'await import("crikit")' : 'require("crikit")'};
    console.log(process.moduleLoadList.filter((name) => !before.has(name)).join("\\n"));
  `;
    const loaded = (await runFile(`builtins.${extension}`, code)).trim().split("\n");
    expect(loaded).toContain("NativeModule net");
    expect(loaded.filter((name) => / (child_process|crypto|http|https|tls|zlib)$/.test(name))).toEqual([]);
  },
);

test("one package comes with it", async () => {
  const listed = await readdir(join(project, "node_modules"), { recursive: true });
  const manifests = listed.filter((path) => /^(@[^/]+.)?[^/@]+.package.json$/.test(path)).sort();
  expect(manifests).toEqual(["@bufbuild/protobuf/package.json", "crikit/package.json"]);
});

test.each(["mjs", "cjs"])("the fake runtime serves a program in .%s", async (extension) => {
  const load = extension === "mjs" ? "await import" : "require";
  const code = `
    (async () => {
      const { connect } = ${load}("crikit");
      const { startFakeRuntime } = ${load}("crikit/testing");
      const fake = await startFakeRuntime({ images: ["app:test"] });
      const cri = await connect(fake.endpoint);
      fake.onExec(["cat"], async ({ stdin, stdout }) => {
        for await (const chunk of stdin) stdout.write(chunk);
      });
      const pod = await cri.pods.run({ metadata: { name: "demo" }, logDirectory: process.cwd() });
      const web = await pod.runContainer({ metadata: { name: "web" }, image: { image: "app:test" } });
      const { stdout } = await web.exec(["cat"], { stdin: "meow" });
      console.log(cri.version.runtimeName, (await cri.images.list()).length, stdout);
      await cri[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    })();
  `;
  expect(await runFile(`fake.${extension}`, code)).toBe("crikit-fake 1 meow\n");
});

test("an error of the required SDK is one for the imported SDK as well", async () => {
  const code = `
    const { connect } = require("crikit");
    (async () => {
      const { NotRunningError } = await import("crikit");
      const error = await connect("unix:///nowhere/cri.sock").catch((error) => error);
      console.log(error.code, error instanceof NotRunningError);
    })();
  `;
  expect(await runFile("error.cjs", code)).toBe("not_running true\n");
});

test.each(["mts", "cts"])("a .%s file checks against the types under NodeNext", async (extension) => {
  const code = `
    import { connect, type Container, type CriClient, CriError } from "crikit";
    import { type ContainerConfig, RuntimeService } from "crikit/proto";
    import { startRuntime, type RuntimeHandle } from "crikit/testing";
    import * as runtime from "crikit/runtime";
    export async function use(): Promise<number> {
      const handle: RuntimeHandle = await startRuntime({ timeoutMs: 1000 });
      const cri: CriClient = await connect(handle.endpoint);
      const [container] = await cri.containers.list({ state: "running" });
      const found: Container | undefined = container;
      const { exitCode } = await cri.containers.get(found?.id ?? "").exec(["true"]);
      return exitCode;
    }
    // @ts-expect-error: a number is no endpoint
    export const wrong = () => connect(1);
    export const names: [string, ContainerConfig | undefined, boolean, object] = [
      RuntimeService.typeName, undefined, new Error() instanceof CriError, runtime,
    ];
  `;
  const file = `user.${extension}`;
  await writeFile(join(project, file), code);
  const options = { module: "NodeNext", target: "ES2022", lib: ["ES2022", "ESNext.Disposable"] };
  const strict = { strict: true, noEmit: true, exactOptionalPropertyTypes: true, types: ["node"] };
  const typeRoots = [join(source, "node_modules/@types")];
  const config = { compilerOptions: { ...options, ...strict, typeRoots }, files: [file] };
  const configFile = `tsconfig.${extension}.json`;
  await writeFile(join(project, configFile), JSON.stringify(config));
  const tsc = join(source, "node_modules/typescript/bin/tsc");
  const { stdout } = await run(process.execPath, [tsc, "-p", configFile], { cwd: project }).catch(
    (error) => error,
  );
  expect(stdout).toBe("");
});

test("the binary tells the version of the package", async () => {
  const { version } = JSON.parse(await readFile(join(source, "package.json"), "utf8"));
  const { stdout } = await run("npx", ["--no-install", "crikit-runtime", "--version"], { cwd: project });
  expect(stdout).toContain(version);
});

test.each(["mjs", "cjs"])(
  "a program in .%s that has OpenTelemetry gets spans, and without it none",
  async (extension) => {
    const load = extension === "mjs" ? "await import" : "require";
    const code = `
    (async () => {
      const { connect } = ${load}("crikit");
      const { startFakeRuntime } = ${load}("crikit/testing");
      const spans = [];
      try {
        const { trace } = ${load}("@opentelemetry/api");
        const { BasicTracerProvider } = ${load}("@opentelemetry/sdk-trace-base");
        const processor = { onStart() {}, onEnd: ({ name }) => spans.push(name), shutdown() {}, forceFlush() {} };
        trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
      } catch (error) {
        console.log(error.code);
      }
      const fake = await startFakeRuntime();
      const cri = await connect(fake.endpoint);
      await cri.runtime.status({});
      console.log(spans.map((name) => name.split("/")[1]).join());
      await cri[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    })();
  `;
    const modules = join(project, "node_modules/@opentelemetry");
    expect(await runFile(`spans.${extension}`, code)).toMatch(/^(ERR_)?MODULE_NOT_FOUND\n\n$/);
    await cp(join(source, "node_modules/@opentelemetry"), modules, { recursive: true });
    expect(await runFile(`spans.${extension}`, code)).toBe("Version,Status\n");
    await rm(modules, { recursive: true });
  },
);
