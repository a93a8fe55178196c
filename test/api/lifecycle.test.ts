import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CriClient } from "../../src/api/client.js";
import { connect } from "../../src/api/connect.js";
import { deferred } from "../../src/async/deferred.js";
import { DeadlineError, InvalidArgumentError, NotFoundError } from "../../src/errors.js";
import { NamespaceMode, PodSandboxConfigSchema } from "../../src/proto.js";
import { until } from "../support/until.js";
import { FakeRuntime } from "./support/fake-runtime.js";
import {
  type RuntimeImpl,
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
} from "./support/serve.js";

let directory: TemporaryDirectory;
let logRoot: string;
let runtime: FakeRuntime;
let server: Served;
let cri: CriClient;

beforeEach(async () => {
  directory = await temporaryDirectory();
  logRoot = join(directory.path, "logs");
  runtime = new FakeRuntime();
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function connectTo(over?: RuntimeImpl): Promise<void> {
  server = await serve(join(directory.path, "cri.sock"), runtime.services(over));
  cri = await connect(server.endpoint, { logRoot });
}

const image = { image: "demo" };

describe("pods.run", () => {
  test("fills in what kubelet would, and makes the log directory", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo" }, labels: { a: "b" } });
    const config = runtime.pods.get(pod.id)?.config;
    const uid = config?.metadata?.uid ?? "";
    expect(uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(config).toMatchObject({
      metadata: { name: "demo", namespace: "default", attempt: 0 },
      logDirectory: join(logRoot, `default_demo_${uid}`),
      labels: { a: "b" },
      linux: {
        securityContext: {
          namespaceOptions: {
            network: NamespaceMode.POD,
            ipc: NamespaceMode.POD,
            pid: NamespaceMode.CONTAINER,
          },
        },
      },
    });
    expect(await readdir(logRoot)).toEqual([`default_demo_${uid}`]);
  });

  test("what the caller sets stands, and the caller's objects stay as they are", async () => {
    await connectTo();
    const logDirectory = join(directory.path, "my-logs");
    const config = {
      metadata: { name: "demo", uid: "u", namespace: "n", attempt: 2 },
      logDirectory,
      linux: { cgroupParent: "/x", securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } },
    };
    const before = structuredClone(config);
    const pod = await cri.pods.run(config);
    expect(runtime.pods.get(pod.id)?.config).toMatchObject(before);
    expect(config).toEqual(before);
    await pod[Symbol.asyncDispose]();
    expect(existsSync(logDirectory)).toBe(true);
    expect(existsSync(logRoot)).toBe(false);
  });

  test("`logRoot` of the call goes before the client's", async () => {
    await connectTo();
    const other = join(directory.path, "other");
    await using pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } }, { logRoot: other });
    expect(runtime.pods.get(pod.id)?.config.logDirectory).toBe(join(other, "default_demo_u"));
  });

  test("refuses metadata without a name, and names that lead out of the log root", async () => {
    await connectTo();
    const nameless = cri.pods.run({ metadata: { name: "" } });
    await expect(nameless).rejects.toMatchObject({ code: "invalid_argument", field: "config.metadata.name" });
    const outside = cri.pods.run({ metadata: { name: "a", uid: "/../../b" } });
    await expect(outside).rejects.toBeInstanceOf(InvalidArgumentError);
    expect(runtime.calls).toEqual([]);
  });

  test("removes the log directory it has made when the runtime refuses, and keeps one that was there", async () => {
    await connectTo({
      runPodSandbox: () => {
        throw new ConnectError("no", Code.FailedPrecondition);
      },
    });
    await expect(cri.pods.run({ metadata: { name: "a" } })).rejects.toMatchObject({
      code: "failed_precondition",
    });
    expect(await readdir(logRoot)).toEqual([]);
    const kept = join(logRoot, "default_a_u");
    await mkdir(kept);
    await expect(cri.pods.run({ metadata: { name: "a", uid: "u" } })).rejects.toThrow();
    expect(existsSync(kept)).toBe(true);
  });

  test("aborted after the runtime has made the pod: removes it and throws the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("not any more");
    await connectTo({
      runPodSandbox: ({ config }) => {
        runtime.addPod(config ?? create(PodSandboxConfigSchema));
        controller.abort(reason);
        return new Promise<never>(() => {});
      },
    });
    const run = cri.pods.run({ metadata: { name: "a" } }, { signal: controller.signal });
    await expect(run).rejects.toBe(reason);
    expect(runtime.pods.size).toBe(0);
    expect(runtime.calls).toEqual(["stop pod1", "remove pod1"]);
    expect(await readdir(logRoot)).toEqual([]);
  });

  test("aborted before it begins: asks nothing and makes nothing", async () => {
    await connectTo();
    const reason = new Error("never");
    const run = cri.pods.run({ metadata: { name: "a" } }, { signal: AbortSignal.abort(reason) });
    await expect(run).rejects.toBe(reason);
    expect(runtime.calls).toEqual([]);
    expect(existsSync(logRoot)).toBe(false);
  });

  test("past its deadline: removes what it has made, and not an older pod of the same metadata", async () => {
    const metadata = { name: "a", namespace: "default", uid: "u", attempt: 0 };
    const older = runtime.addPod(create(PodSandboxConfigSchema, { metadata }), 1n);
    await connectTo({
      runPodSandbox: ({ config }) => {
        runtime.addPod(config ?? create(PodSandboxConfigSchema));
        return new Promise<never>(() => {});
      },
    });
    const run = cri.pods.run({ metadata }, { timeoutMs: 100 });
    await expect(run).rejects.toBeInstanceOf(DeadlineError);
    expect([...runtime.pods.keys()]).toEqual([older]);
  });

  test("what could not be cleaned up is on the error, as `suppressed`", async () => {
    await connectTo({
      runPodSandbox: () => new Promise<never>(() => {}),
      listPodSandbox: () => {
        throw new ConnectError("no list today", Code.Internal);
      },
    });
    const run = cri.pods.run({ metadata: { name: "a" } }, { timeoutMs: 50 });
    await expect(run).rejects.toMatchObject({
      code: "deadline_exceeded",
      suppressed: [expect.objectContaining({ code: "internal" })],
    });
  });
});

describe("createContainer", () => {
  test("repeats the pod's namespaces, names the log and makes its directory", async () => {
    let asked: Parameters<NonNullable<RuntimeImpl["createContainer"]>>[0] | undefined;
    await connectTo({
      createContainer: (request) => {
        asked = request;
        return { containerId: "c" };
      },
    });
    const pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } });
    await pod.createContainer({
      metadata: { name: "web", attempt: 3 },
      image,
      envs: [
        { key: "TEXT", value: "é" },
        { key: "BYTES", value: Uint8Array.of(0xff) },
      ],
    });
    expect(asked?.podSandboxId).toBe(pod.id);
    expect(asked?.sandboxConfig).toEqual(runtime.pods.get(pod.id)?.config);
    expect(asked?.config).toMatchObject({
      metadata: { name: "web", attempt: 3 },
      logPath: "web/3.log",
      envs: [
        { key: "TEXT", value: Uint8Array.of(0xc3, 0xa9) },
        { key: "BYTES", value: Uint8Array.of(0xff) },
      ],
      linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER } } },
    });
    expect(existsSync(join(logRoot, "default_demo_u/web"))).toBe(true);
  });

  test("on a handle from `get`: takes `sandboxConfig`, else what the pod's status tells", async () => {
    const asked: unknown[] = [];
    await connectTo({
      podSandboxStatus: ({ podSandboxId }) => ({
        status: {
          id: podSandboxId,
          metadata: { name: "demo", namespace: "n", uid: "u", attempt: 1 },
          labels: { a: "b" },
          linux: { namespaces: { options: { pid: NamespaceMode.NODE } } },
        },
      }),
      createContainer: ({ sandboxConfig }) => {
        asked.push(sandboxConfig);
        return { containerId: "c" };
      },
    });
    const pod = cri.pods.get("abc");
    await pod.createContainer({ metadata: { name: "web" }, image });
    await pod.createContainer(
      { metadata: { name: "web" }, image },
      { sandboxConfig: { metadata: { name: "mine" }, logDirectory: join(directory.path, "mine") } },
    );
    expect(asked).toMatchObject([
      {
        metadata: { name: "demo", namespace: "n", uid: "u", attempt: 1 },
        labels: { a: "b" },
        logDirectory: join(logRoot, "n_demo_u"),
        linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.NODE } } },
      },
      { metadata: { name: "mine" }, logDirectory: join(directory.path, "mine") },
    ]);
  });

  test("refuses a container without a name or an image", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    await expect(pod.createContainer({ metadata: { name: "" }, image })).rejects.toMatchObject({
      field: "config.metadata.name",
    });
    await expect(
      pod.createContainer({ metadata: { name: "web" }, image: { image: "" } }),
    ).rejects.toMatchObject({ field: "config.image.image" });
  });

  test("aborted after the runtime has made the container: removes it and nothing else", async () => {
    const controller = new AbortController();
    const services = runtime.services();
    await connectTo({
      createContainer: async (request, context) => {
        const made = await services.createContainer?.(request, context);
        if (request.config?.metadata?.name !== "second") return made ?? {};
        controller.abort(new Error("enough"));
        return new Promise<never>(() => {});
      },
    });
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const first = await pod.createContainer({ metadata: { name: "first" }, image });
    const second = pod.createContainer(
      { metadata: { name: "second" }, image },
      { signal: controller.signal },
    );
    await expect(second).rejects.toThrow("enough");
    expect([...runtime.containers.keys()]).toEqual([first.id]);
  });

  test("`runContainer` removes a container that cannot be started", async () => {
    await connectTo({
      startContainer: () => {
        throw new ConnectError("no such command", Code.Unknown);
      },
    });
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    await expect(pod.runContainer({ metadata: { name: "web" }, image })).rejects.toThrow("no such command");
    expect(runtime.containers.size).toBe(0);
  });
});

describe("what a handle asks for", () => {
  test("`stop` gives 10 s unless told, and rounds up to whole seconds", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const { id } = await pod.runContainer({ metadata: { name: "web" }, image });
    const container = cri.containers.get(id);
    await container.stop();
    await container.stop({ gracePeriodMs: 1 });
    await container.stop({ gracePeriodMs: 0 });
    expect(runtime.stops.map(({ timeout }) => timeout)).toEqual([10n, 1n, 0n]);
  });

  test("`exec` tells the runtime its limit in whole seconds", async () => {
    await connectTo();
    const container = cri.containers.get("c");
    await container.exec(["a"]);
    await container.exec(["b"], { timeoutMs: 1_001 });
    expect(runtime.execs).toEqual([
      { command: ["a"], timeout: 0n },
      { command: ["b"], timeout: 2n },
    ]);
  });

  test("`exec` says so when the output is longer than a message may be", async () => {
    await connectTo({ execSync: () => ({ stdout: new Uint8Array(17 * 1024 * 1024) }) });
    const exec = cri.containers.get("c").exec(["cat", "big"]);
    await expect(exec).rejects.toMatchObject({
      code: "resource_exhausted",
      message: expect.stringMatching(/output of command cat .*16 MiB/),
    });
  });

  test("`list` gives the newest first", async () => {
    for (const [name, createdAt] of [
      ["old", 1n],
      ["newest", 3n],
      ["newer", 2n],
    ] as const) {
      runtime.addPod(create(PodSandboxConfigSchema, { metadata: { name } }), createdAt);
    }
    await connectTo();
    const names = (await cri.pods.list()).map(({ listed }) => listed.metadata.name);
    expect(names).toEqual(["newest", "newer", "old"]);
  });
});

describe("wait", () => {
  test("lives through a restart of the runtime", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    const waiting = container.wait();
    await server[Symbol.asyncDispose]();
    await expect(cri.pods.list()).rejects.toMatchObject({
      code: expect.stringMatching(/unavailable|not_running/),
    });
    runtime.exit(container.id, 4);
    server = await serve(join(directory.path, "cri.sock"), runtime.services());
    expect(await waiting).toMatchObject({ exitCode: 4, finishedAt: expect.any(Date) });
  });

  test("throws NotFoundError when the container is removed meanwhile", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    const waiting = container.wait();
    await container.remove();
    await expect(waiting).rejects.toBeInstanceOf(NotFoundError);
  });

  test("ends at its limit with DeadlineError, and on abort with the signal's reason", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    await expect(container.wait({ timeoutMs: 50 })).rejects.toBeInstanceOf(DeadlineError);
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = container.wait({ signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe("logs", () => {
  test("follow lives through a restart of the runtime and ends with the container", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    const path = join(logRoot, "default_demo_u/job/0.log");
    const record = (text: string) => `2026-01-02T03:04:05Z stdout F ${text}\n`;
    await writeFile(path, record("before"));
    const texts: string[] = [];
    const firstRead = deferred<void>();
    const reading = (async () => {
      for await (const line of container.logs({ follow: true })) {
        texts.push(line.text);
        firstRead.resolve();
      }
    })();
    await firstRead.promise;
    await server[Symbol.asyncDispose]();
    await writeFile(path, record("while it was away"), { flag: "a" });
    runtime.exit(container.id, 0);
    server = await serve(join(directory.path, "cri.sock"), runtime.services());
    await reading;
    expect(texts).toEqual(["before", "while it was away"]);
  });

  test("follow ends when the container is removed, and a `break` ends the asking for its state", async () => {
    let asked = 0;
    const services = runtime.services();
    await connectTo({
      containerStatus: (request, context) => {
        asked += 1;
        return services.containerStatus?.(request, context) ?? {};
      },
    });
    const pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    await writeFile(join(logRoot, "default_demo_u/job/0.log"), "2026-01-02T03:04:05Z stdout F a\n");
    for await (const line of container.logs({ follow: true })) {
      expect(line.text).toBe("a");
      await until("it asks for the state", () => asked >= 3);
      break;
    }
    const askedThen = asked;
    // Time for three more questions, had they gone on; one may have been on its way.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).toBeLessThanOrEqual(askedThen + 1);

    const reading = container.logs({ follow: true });
    await reading.next();
    await container.remove();
    expect(await reading.next()).toMatchObject({ done: true });
  });

  test("says so when the container keeps no log, and ends at its limit", async () => {
    await connectTo({ containerStatus: () => ({ status: { id: "c" } }) });
    await expect(cri.containers.get("c").logs().next()).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("log_path"),
    });
  });

  test("`timeoutMs` is for the whole of it", async () => {
    await connectTo();
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    await expect(container.logs({ follow: true, timeoutMs: 50 }).next()).rejects.toBeInstanceOf(
      DeadlineError,
    );
  });
});

describe("disposal", () => {
  const order = [
    "run pod",
    "create container",
    "start container2",
    "stop container2",
    "remove container2",
    "stop pod1",
    "remove pod1",
  ];

  test("kills and removes the container, then stops and removes the pod and its logs", async () => {
    await connectTo();
    {
      await using pod = await cri.pods.run({ metadata: { name: "demo" } });
      await using container = await pod.runContainer({ metadata: { name: "web" }, image });
      expect(runtime.containers.has(container.id)).toBe(true);
    }
    expect(runtime.calls).toEqual(order);
    expect(runtime.stops).toEqual([{ id: "container2", timeout: 0n }]);
    expect(await readdir(logRoot)).toEqual([]);
  });

  test("does so when the body throws, and throws the body's own error", async () => {
    await connectTo();
    const thrown = new Error("from the body");
    const body = async () => {
      await using pod = await cri.pods.run({ metadata: { name: "demo" } });
      await using _container = await pod.runContainer({ metadata: { name: "web" }, image });
      throw thrown;
    };
    await expect(body()).rejects.toBe(thrown);
    expect(runtime.calls).toEqual(order);
  });

  test("is quiet about what is gone already", async () => {
    const gone = () => {
      throw new ConnectError("gone", Code.NotFound);
    };
    await connectTo({
      stopPodSandbox: gone,
      removePodSandbox: gone,
      stopContainer: gone,
      removeContainer: gone,
    });
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "web" }, image });
    await container[Symbol.asyncDispose]();
    await pod[Symbol.asyncDispose]();
    expect(await readdir(logRoot)).toEqual([]);
  });

  test("goes on to the removal when the stop fails; when both fail, both can be seen", async () => {
    await connectTo({
      stopPodSandbox: () => {
        throw new ConnectError("cannot stop", Code.Internal);
      },
      removePodSandbox: ({ podSandboxId }) => {
        if (podSandboxId === "pod1") return {};
        throw new ConnectError("cannot remove", Code.Internal);
      },
    });
    const first = await cri.pods.run({ metadata: { name: "first" } });
    await first[Symbol.asyncDispose]();
    const second = await cri.pods.run({ metadata: { name: "second" } });
    await expect(second[Symbol.asyncDispose]()).rejects.toMatchObject({
      message: expect.stringContaining("cannot remove"),
      suppressed: [expect.objectContaining({ message: expect.stringContaining("cannot stop") })],
    });
  });

  test("when the body and the clean-up throw, TypeScript's `await using` on Node 20 throws a SuppressedError with both", async () => {
    await connectTo({
      removePodSandbox: () => {
        throw new ConnectError("cannot remove", Code.Internal);
      },
    });
    const source = `async (run, thrown) => { await using pod = await run(); throw thrown; }`;
    const { outputText } = ts.transpileModule(`return ${source}`, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    expect(outputText).not.toContain("await using");
    const body: (run: () => Promise<AsyncDisposable>, thrown: Error) => Promise<void> = new Function(
      outputText,
    )();
    const thrown = new Error("from the body");
    const failed = body(() => cri.pods.run({ metadata: { name: "demo" } }), thrown);
    await expect(failed).rejects.toMatchObject({
      name: "SuppressedError",
      error: { code: "internal", message: expect.stringContaining("cannot remove") },
      suppressed: thrown,
    });
  });
});
