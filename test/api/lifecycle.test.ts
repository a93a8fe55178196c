import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type CriClient, connect, DeadlineError, InvalidArgumentError, NotFoundError } from "crikit";
import { ContainerState, NamespaceMode } from "crikit/proto";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deferred } from "../../src/async/deferred.js";
import { type HeldClock, holdClock } from "../support/held-clock.js";
import { until } from "../support/until.js";

let fake: FakeRuntime;
let logRoot: string;
let cri: CriClient;

beforeEach(async () => {
  let made = 0;
  fake = await startFakeRuntime({ images: ["demo"], newId: () => `id${++made}` });
  logRoot = fake.logRoot;
  cri = await connect(fake.endpoint, { logRoot });
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

const image = { image: "demo" };
const always = { times: Number.POSITIVE_INFINITY };
const hang = () => new Promise<never>(() => {});

/** The runtime makes the pod and does not answer, while so much time passes. */
function makesAndPasses(clock: HeldClock, ms: number): void {
  fake.onCall("runPodSandbox", async (_request, { next }) => {
    await next();
    void clock.pass(ms);
    return hang();
  });
}

const podConfigs = () =>
  fake.calls.filter((call) => call.rpc === "runPodSandbox").map(({ request }) => request.config);
const createRequests = () =>
  fake.calls.filter((call) => call.rpc === "createContainer").map(({ request }) => request);

/** The calls that were to change something, and what: `runPodSandbox`, `startContainer id2`. */
function changes(): string[] {
  return fake.calls.flatMap((call) => {
    switch (call.rpc) {
      case "runPodSandbox":
      case "createContainer":
        return call.rpc;
      case "stopPodSandbox":
      case "removePodSandbox":
        return `${call.rpc} ${call.request.podSandboxId}`;
      case "startContainer":
      case "stopContainer":
      case "removeContainer":
        return `${call.rpc} ${call.request.containerId}`;
      default:
        return [];
    }
  });
}

async function podIds(): Promise<string[]> {
  return (await fake.runtime.listPodSandbox({})).items.map(({ id }) => id);
}

async function containerIds(): Promise<string[]> {
  return (await fake.runtime.listContainers({})).containers.map(({ id }) => id);
}

describe("pods.run", () => {
  test("fills in what kubelet would, and makes the log directory", async () => {
    const pod = await cri.pods.run({ metadata: { name: "demo" }, labels: { a: "b" } });
    const [config] = podConfigs();
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
    expect(pod.id).toBe("id1");
    expect(await readdir(logRoot)).toEqual([`default_demo_${uid}`]);
  });

  test("what the caller sets stands, and the caller's objects stay as they are", async () => {
    const logDirectory = join(logRoot, "../my-logs");
    const config = {
      metadata: { name: "demo", uid: "u", namespace: "n", attempt: 2 },
      logDirectory,
      linux: { cgroupParent: "/x", securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } },
    };
    const before = structuredClone(config);
    const pod = await cri.pods.run(config);
    expect(podConfigs()).toMatchObject([before]);
    expect(config).toEqual(before);
    await pod[Symbol.asyncDispose]();
    expect(existsSync(logDirectory)).toBe(true);
    expect(existsSync(logRoot)).toBe(false);
  });

  test("`logRoot` of the call goes before the client's", async () => {
    const other = join(logRoot, "../other");
    await using _pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } }, { logRoot: other });
    expect(podConfigs()[0]?.logDirectory).toBe(join(other, "default_demo_u"));
  });

  test("refuses metadata without a name, and names that lead out of the log root", async () => {
    const nameless = cri.pods.run({ metadata: { name: "" } });
    await expect(nameless).rejects.toMatchObject({ code: "invalid_argument", field: "config.metadata.name" });
    const outside = cri.pods.run({ metadata: { name: "a", uid: "/../../b" } });
    await expect(outside).rejects.toBeInstanceOf(InvalidArgumentError);
    expect(changes()).toEqual([]);
  });

  test("removes the log directory it has made when the runtime refuses, and keeps one that was there", async () => {
    fake.fault("runPodSandbox", { error: "failed_precondition" }, always);
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
    fake.onCall("runPodSandbox", async (_request, { next }) => {
      await next();
      controller.abort(reason);
      return hang();
    });
    const run = cri.pods.run({ metadata: { name: "a" } }, { signal: controller.signal });
    await expect(run).rejects.toBe(reason);
    expect(await podIds()).toEqual([]);
    expect(changes()).toEqual(["runPodSandbox", "stopPodSandbox id1", "removePodSandbox id1"]);
    expect(await readdir(logRoot)).toEqual([]);
  });

  test("aborted before it begins: asks nothing and makes nothing", async () => {
    const reason = new Error("never");
    const run = cri.pods.run({ metadata: { name: "a" } }, { signal: AbortSignal.abort(reason) });
    await expect(run).rejects.toBe(reason);
    expect(changes()).toEqual([]);
    expect(existsSync(logRoot)).toBe(false);
  });

  test("past its deadline: removes what it has made, and not an older pod of the same metadata", async () => {
    const metadata = { name: "a", namespace: "default", uid: "u", attempt: 0 };
    const older = { id: "older", metadata, createdAt: 1n };
    fake.onCall("listPodSandbox", async (_request, { next }) => ({
      items: [...((await next()).items ?? []), older],
    }));
    using clock = holdClock();
    makesAndPasses(clock, 100);
    const run = cri.pods.run({ metadata }, { timeoutMs: 100 });
    await expect(run).rejects.toBeInstanceOf(DeadlineError);
    expect(await podIds()).toEqual([]);
    expect(changes()).toEqual(["runPodSandbox", "stopPodSandbox id1", "removePodSandbox id1"]);
  });

  test("what could not be cleaned up is on the error, as `suppressed`", async () => {
    fake.fault("listPodSandbox", { error: "internal" });
    using clock = holdClock();
    makesAndPasses(clock, 50);
    const run = cri.pods.run({ metadata: { name: "a" } }, { timeoutMs: 50 });
    await expect(run).rejects.toMatchObject({
      code: "deadline_exceeded",
      suppressed: [expect.objectContaining({ code: "internal" })],
    });
  });
});

describe("createContainer", () => {
  test("repeats the pod's namespaces, names the log and makes its directory", async () => {
    const pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } });
    await pod.createContainer({
      metadata: { name: "web", attempt: 3 },
      image,
      envs: [
        { key: "TEXT", value: "é" },
        { key: "BYTES", value: Uint8Array.of(0xff) },
      ],
    });
    const [asked] = createRequests();
    expect(asked?.podSandboxId).toBe(pod.id);
    expect(asked?.sandboxConfig).toEqual(podConfigs()[0]);
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
    const { podSandboxId } = await fake.runtime.runPodSandbox({
      config: {
        metadata: { name: "demo", namespace: "n", uid: "u", attempt: 1 },
        labels: { a: "b" },
        linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.NODE } } },
      },
    });
    const pod = cri.pods.get(podSandboxId);
    await pod.createContainer({ metadata: { name: "web" }, image });
    const mine = join(logRoot, "../mine");
    await pod.createContainer(
      { metadata: { name: "another" }, image },
      { sandboxConfig: { metadata: { name: "mine" }, logDirectory: mine } },
    );
    expect(createRequests().map(({ sandboxConfig }) => sandboxConfig)).toMatchObject([
      {
        metadata: { name: "demo", namespace: "n", uid: "u", attempt: 1 },
        labels: { a: "b" },
        logDirectory: join(logRoot, "n_demo_u"),
        linux: { securityContext: { namespaceOptions: { pid: NamespaceMode.NODE } } },
      },
      { metadata: { name: "mine" }, logDirectory: mine },
    ]);
  });

  test("refuses a container without a name or an image", async () => {
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
    fake.onCall("createContainer", async ({ config }, { next }) => {
      const made = await next();
      if (config?.metadata?.name !== "second") return made;
      controller.abort(new Error("enough"));
      return hang();
    });
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const first = await pod.createContainer({ metadata: { name: "first" }, image });
    const second = pod.createContainer(
      { metadata: { name: "second" }, image },
      { signal: controller.signal },
    );
    await expect(second).rejects.toThrow("enough");
    expect(await containerIds()).toEqual([first.id]);
  });

  test("`runContainer` removes a container that cannot be started", async () => {
    fake.fault("startContainer", { error: "unknown", message: "no such command" });
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    await expect(pod.runContainer({ metadata: { name: "web" }, image })).rejects.toThrow("no such command");
    expect(await containerIds()).toEqual([]);
  });
});

describe("what a handle asks for", () => {
  test("`stop` gives 10 s unless told, and rounds up to whole seconds", async () => {
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const { id } = await pod.runContainer({ metadata: { name: "web" }, image });
    const container = cri.containers.get(id);
    await container.stop();
    await container.stop({ gracePeriodMs: 1 });
    await container.stop({ gracePeriodMs: 0 });
    const stops = fake.calls.filter((call) => call.rpc === "stopContainer");
    expect(stops.map(({ request }) => request.timeout)).toEqual([10n, 1n, 0n]);
  });

  test("`exec` tells the runtime its limit in whole seconds", async () => {
    fake.onExec(
      () => true,
      () => 0,
    );
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "web" }, image });
    await container.exec(["a"]);
    await container.exec(["b"], { timeoutMs: 1_001 });
    const execs = fake.calls.filter((call) => call.rpc === "execSync");
    expect(execs.map(({ request: { cmd, timeout } }) => ({ cmd, timeout }))).toEqual([
      { cmd: ["a"], timeout: 0n },
      { cmd: ["b"], timeout: 2n },
    ]);
  });

  test("`exec` says so when the output is longer than a message may be", async () => {
    fake.onCall("execSync", () => ({ stdout: new Uint8Array(17 * 1024 * 1024) }));
    const exec = cri.containers.get("c").exec(["cat", "big"]);
    await expect(exec).rejects.toMatchObject({
      code: "resource_exhausted",
      message: expect.stringMatching(/output of command cat .*16 MiB/),
    });
  });

  test("`list` gives the newest first", async () => {
    const podSandboxes = [
      { id: "a", metadata: { name: "old" }, createdAt: 1n },
      { id: "b", metadata: { name: "newest" }, createdAt: 3n },
      { id: "c", metadata: { name: "newer" }, createdAt: 2n },
    ];
    fake.onCall("streamPodSandboxes", async function* () {
      yield { podSandboxes };
    });
    const names = (await cri.pods.list()).map(({ listed }) => listed.metadata.name);
    expect(names).toEqual(["newest", "newer", "old"]);
  });
});

describe("wait", () => {
  test("lives through a restart of the runtime", async () => {
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    const waiting = container.wait();
    await fake.restart(async () => {
      await expect(cri.pods.list()).rejects.toMatchObject({
        code: expect.stringMatching(/unavailable|not_running/),
      });
      await fake.exit(container.id, 4);
    });
    expect(await waiting).toMatchObject({ exitCode: 4, finishedAt: expect.any(Date) });
  });

  test("throws NotFoundError when the container is removed meanwhile", async () => {
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    const waiting = container.wait();
    await container.remove();
    await expect(waiting).rejects.toBeInstanceOf(NotFoundError);
  });

  test("ends at its limit with DeadlineError, and on abort with the signal's reason", async () => {
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
    const isAway = deferred<void>();
    fake.onRun("job", async ({ stdout }) => {
      stdout.write("before\n");
      await isAway.promise;
      stdout.write("while it was away\n");
    });
    const pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image, command: ["job"] });
    const texts: string[] = [];
    const firstRead = deferred<void>();
    const reading = (async () => {
      for await (const line of container.logs({ follow: true })) {
        texts.push(line.text);
        firstRead.resolve();
      }
    })();
    await firstRead.promise;
    await fake.restart(async () => {
      isAway.resolve();
      await until("the container has ended", async () => {
        const { status } = await fake.runtime.containerStatus({ containerId: container.id });
        return status?.state === ContainerState.CONTAINER_EXITED;
      });
    });
    await reading;
    expect(texts).toEqual(["before", "while it was away"]);
  });

  test("follow ends when the container is removed, and a `break` ends the asking for its state", async () => {
    const asked = () => fake.calls.filter(({ rpc }) => rpc === "containerStatus").length;
    fake.onRun("job", ({ stdout, signal }) => {
      stdout.write("a\n");
      return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    });
    const pod = await cri.pods.run({ metadata: { name: "demo", uid: "u" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image, command: ["job"] });
    for await (const line of container.logs({ follow: true })) {
      expect(line.text).toBe("a");
      const before = asked();
      await until("it asks for the state", () => asked() >= before + 2);
      break;
    }
    const askedThen = asked();
    // Time for three more questions, had they gone on; one may have been on its way.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked()).toBeLessThanOrEqual(askedThen + 1);

    const reading = container.logs({ follow: true });
    await reading.next();
    await container.remove();
    expect(await reading.next()).toMatchObject({ done: true });
  });

  test("says so when the container keeps no log", async () => {
    const { podSandboxId } = await fake.runtime.runPodSandbox({ config: { metadata: { name: "demo" } } });
    const config = { metadata: { name: "job" }, image };
    const { containerId } = await fake.runtime.createContainer({ podSandboxId, config });
    await expect(cri.containers.get(containerId).logs().next()).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("log_path"),
    });
  });

  test("`timeoutMs` is for the whole of it", async () => {
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "job" }, image });
    await expect(container.logs({ follow: true, timeoutMs: 50 }).next()).rejects.toBeInstanceOf(
      DeadlineError,
    );
  });
});

describe("disposal", () => {
  const order = [
    "runPodSandbox",
    "createContainer",
    "startContainer id2",
    "stopContainer id2",
    "removeContainer id2",
    "stopPodSandbox id1",
    "removePodSandbox id1",
  ];

  test("kills and removes the container, then stops and removes the pod and its logs", async () => {
    {
      await using pod = await cri.pods.run({ metadata: { name: "demo" } });
      await using container = await pod.runContainer({ metadata: { name: "web" }, image });
      expect(await containerIds()).toEqual([container.id]);
    }
    expect(changes()).toEqual(order);
    const stops = fake.calls.filter((call) => call.rpc === "stopContainer");
    expect(stops.map(({ request }) => request.timeout)).toEqual([0n]);
    expect(await readdir(logRoot)).toEqual([]);
  });

  test("does so when the body throws, and throws the body's own error", async () => {
    const thrown = new Error("from the body");
    const body = async () => {
      await using pod = await cri.pods.run({ metadata: { name: "demo" } });
      await using _container = await pod.runContainer({ metadata: { name: "web" }, image });
      throw thrown;
    };
    await expect(body()).rejects.toBe(thrown);
    expect(changes()).toEqual(order);
  });

  test("is quiet about what is gone already", async () => {
    for (const rpc of ["stopPodSandbox", "removePodSandbox", "stopContainer", "removeContainer"] as const) {
      fake.fault(rpc, { error: "not_found" }, always);
    }
    const pod = await cri.pods.run({ metadata: { name: "demo" } });
    const container = await pod.runContainer({ metadata: { name: "web" }, image });
    await container[Symbol.asyncDispose]();
    await pod[Symbol.asyncDispose]();
    expect(await readdir(logRoot)).toEqual([]);
  });

  test("goes on to the removal when the stop fails; when both fail, both can be seen", async () => {
    fake.fault("stopPodSandbox", { error: "internal", message: "cannot stop" }, always);
    const first = await cri.pods.run({ metadata: { name: "first" } });
    await first[Symbol.asyncDispose]();
    expect(changes()).toContain(`removePodSandbox ${first.id}`);
    const second = await cri.pods.run({ metadata: { name: "second" } });
    fake.fault("removePodSandbox", { error: "internal", message: "cannot remove" });
    await expect(second[Symbol.asyncDispose]()).rejects.toMatchObject({
      message: expect.stringContaining("cannot remove"),
      suppressed: [expect.objectContaining({ message: expect.stringContaining("cannot stop") })],
    });
  });

  test("when the body and the clean-up throw, TypeScript's `await using` on Node 20 throws a SuppressedError with both", async () => {
    fake.fault("removePodSandbox", { error: "internal", message: "cannot remove" });
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
