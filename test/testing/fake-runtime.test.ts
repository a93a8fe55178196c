import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type CriClient, connect, NotFoundError, UnavailableError } from "crikit";
import { type ContainerEventResponse, ContainerEventType } from "crikit/proto";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { holdClock } from "../support/held-clock.js";
import { until } from "../support/until.js";

const image = { image: "app:test" };
const always = { times: Number.POSITIVE_INFINITY };

let fake: FakeRuntime;
let cri: CriClient;

beforeEach(async () => {
  fake = await startFakeRuntime({ images: [image.image] });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

async function runContainer(command: string[] = [], config: object = {}) {
  const pod = await cri.pods.run({ metadata: { name: `pod${fake.calls.length}` } });
  const container = await pod.runContainer({ metadata: { name: "main" }, image, command, ...config });
  return { pod, container };
}

describe("commands", () => {
  test("that are scripted are told what they were given, and their output comes whole", async () => {
    fake.onExec("greet", async ({ argv, container, stdin, stdout, stderr }) => {
      stdout.write(`${argv.slice(1).join(" ")}, ${container.config.metadata?.name}: ${await text(stdin)}`);
      stderr.write("noted");
      return 3;
    });
    const { container } = await runContainer();
    expect(await container.exec(["greet", "good", "day"])).toEqual({
      exitCode: 3,
      stdout: "good day, main: ",
      stderr: "noted",
    });
    const session = await container.spawn(["greet", "hello"], { stdin: true });
    session.stdin.end("typed");
    expect(await text(session.stdout)).toBe("hello, main: typed");
    expect((await session.exited).exitCode).toBe(3);
  });

  test("are chosen by the program or the whole line, the last one first", async () => {
    fake.onExec("id", () => 1);
    fake.onExec(["id", "-u"], ({ stdout }) => void stdout.write("0\n"));
    const { container } = await runContainer();
    expect(await container.exec(["id", "-u"])).toMatchObject({ exitCode: 0, stdout: "0\n" });
    expect(await container.exec(["id"])).toMatchObject({ exitCode: 1 });
  });

  test("without a script do not exist, which the error says how to mend", async () => {
    const { container } = await runContainer();
    await expect(container.exec(["nothing"])).rejects.toThrow(/nothing.*onExec/);
    const session = await container.spawn(["nothing"]);
    await expect(session.exited).rejects.toThrow(/nothing.*onExec/);
  });

  test("that throw end with 1 and say why on the error output", async () => {
    fake.onExec("bad", () => {
      throw new Error("out of order");
    });
    const { container } = await runContainer();
    expect(await container.exec(["bad"])).toMatchObject({ exitCode: 1, stderr: "out of order\n" });
  });

  test("see their client leave, and their time pass", async () => {
    let [begun, aborted] = [0, 0];
    fake.onExec("wait", async ({ signal }) => {
      begun += 1;
      await once(signal, "abort");
      aborted += 1;
    });
    const { container } = await runContainer();
    {
      using clock = holdClock();
      const late = expect(container.exec(["wait"], { timeoutMs: 1000 })).rejects.toMatchObject({
        code: "deadline_exceeded",
      });
      await until("the command runs", () => begun === 1);
      await clock.pass(1000);
      await late;
    }
    const session = await container.spawn(["wait"]);
    session.exited.catch(() => {});
    await until("the other runs", () => begun === 2);
    await session.close();
    await until("both commands are told", () => aborted === 2);
  });

  test("on a terminal are told its sizes", async () => {
    fake.onExec("size", async ({ tty, stdout, onResize, signal }) => {
      onResize(({ columns, rows }) => stdout.write(`${tty} ${columns}x${rows}\n`));
      await once(signal, "abort");
    });
    const { container } = await runContainer();
    await using session = await container.spawn(["size"], { tty: true, size: { columns: 80, rows: 24 } });
    session.exited.catch(() => {});
    const [chunk] = await once(session.stdout, "data");
    expect(String(chunk)).toBe("true 80x24\n");
  });
});

test("exec of more than 16 MiB is an error that says so", async () => {
  fake.onExec("yes", ({ stdout }) => {
    for (let count = 0; count < 17; count += 1) stdout.write(Buffer.alloc(1024 * 1024));
  });
  const { container } = await runContainer();
  await expect(container.exec(["yes"])).rejects.toMatchObject({ code: "resource_exhausted" });
});

describe("containers", () => {
  test("are started once, however many try", async () => {
    const pod = await cri.pods.run({ metadata: { name: "once" } });
    const container = await pod.createContainer({ metadata: { name: "main" }, image });
    const starts = await Promise.allSettled([container.start(), container.start()]);
    expect(starts.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(container.start()).rejects.toMatchObject({ code: "failed_precondition" });
  });

  test("write their log in CRI format and end with their command", async () => {
    fake.onRun("work", async ({ stdout, stderr }) => {
      stdout.write("one\ntwo\n");
      stderr.write("three");
      return 4;
    });
    const { container } = await runContainer(["work"]);
    expect(await container.wait()).toMatchObject({ exitCode: 4, reason: "Error" });
    const lines = [];
    for await (const { stream, text } of container.logs()) lines.push([stream, text]);
    expect(lines).toEqual([
      ["stdout", "one"],
      ["stdout", "two"],
      ["stderr", "three"],
    ]);
  });

  test("without a script run until they are stopped, or are told to end", async () => {
    const stopped = await runContainer();
    await stopped.container.stop();
    expect(await stopped.container.status()).toMatchObject({ state: "exited", exitCode: 143 });
    const ended = await runContainer();
    await fake.exit(ended.container.id, 7);
    expect(await ended.container.status()).toMatchObject({ state: "exited", exitCode: 7, reason: "Error" });
    await expect(fake.exit(ended.container.id, 7)).rejects.toMatchObject({ code: "failed_precondition" });
  });

  test("that do not heed a stop are killed after the grace period", async () => {
    fake.onRun("stubborn", () => new Promise<void>(() => {}));
    const { container } = await runContainer(["stubborn"]);
    await container.stop({ gracePeriodMs: 1000 });
    expect((await container.status()).exitCode).toBe(137);
  });

  test("can be attached to", async () => {
    fake.onRun("echo", async ({ stdin, stdout }) => {
      for await (const chunk of stdin) stdout.write(`got ${chunk}`);
    });
    const { container } = await runContainer(["echo"], { stdin: true, stdinOnce: true });
    const session = await container.attach({ stdin: true });
    session.stdin.end("this\n");
    expect(await text(session.stdout)).toBe("got this\n");
    expect((await container.wait()).exitCode).toBe(0);
  });

  test("end with their pod, which keeps its name until it is removed", async () => {
    const { pod, container } = await runContainer();
    await pod.stop();
    expect((await container.status()).state).toBe("exited");
    await pod.remove();
    expect(await cri.pods.list()).toEqual([]);
    await expect(container.status()).rejects.toMatchObject({ code: "not_found" });
  });

  test("have usage while they run", async () => {
    const { container } = await runContainer();
    const { stats } = await cri.runtime.listContainerStats({});
    expect(stats[0]?.memory?.workingSetBytes?.value).toBeGreaterThan(0n);
    await container.stop();
    const { stats: ended } = await cri.runtime.containerStats({ containerId: container.id });
    expect(ended?.memory).toBeUndefined();
  });

  test("have metrics while they run, with the labels of their descriptors", async () => {
    const { pod, container } = await runContainer();
    const { descriptors } = await cri.runtime.listMetricDescriptors({});
    const { podMetrics } = await cri.runtime.listPodSandboxMetrics({});
    const metrics = podMetrics.find(({ podSandboxId }) => podSandboxId === pod.id)?.containerMetrics[0];
    expect(metrics?.containerId).toBe(container.id);
    expect(metrics?.metrics.map(({ name }) => name)).toEqual(descriptors.map(({ name }) => name));
    for (const { labelValues } of metrics?.metrics ?? [])
      expect(labelValues.length).toBe(descriptors[0]?.labelKeys.length);
    await container.stop();
    for await (const part of cri.runtime.streamPodSandboxMetrics({})) {
      expect(part.podSandboxMetrics.flatMap(({ containerMetrics }) => containerMetrics)).toEqual([]);
    }
  });
});

test("ports of pods are served by handlers, and refused where there is none", async () => {
  fake.onConnect(7, async (stream) => pipeline(stream, stream));
  const { pod } = await runContainer();
  const stream = await pod.connect(7);
  stream.end("there and back");
  expect(await text(stream)).toBe("there and back");
  const refused = await pod.connect(8);
  await expect(text(refused)).rejects.toThrow(/refused/);
});

test("images are pulled from the registry that the test makes up", async () => {
  await using own = await startFakeRuntime({
    registry: (ref) => (ref.startsWith("registry.test/") ? "the only one" : undefined),
  });
  await using client = await connect(own.endpoint);
  await client.images.pull("registry.test/a:1");
  await client.images.pull("registry.test/b:1");
  expect((await client.images.list()).map(({ repoTags }) => repoTags)).toEqual([
    ["registry.test/a:1", "registry.test/b:1"],
  ]);
  const byDigest = `registry.test/c@sha256:${"a".repeat(64)}`;
  await client.images.pull(byDigest);
  expect((await client.images.status(byDigest))?.repoDigests).toContain(byDigest);
  await expect(client.images.pull("nginx")).rejects.toMatchObject({ code: "not_found" });
});

describe("faults", () => {
  test("of an error strike the next call, or as many as ordered, in order", async () => {
    fake.fault("listPodSandbox", { error: "internal", message: "first" }, { times: 2 });
    fake.fault("listPodSandbox", { error: "name_reserved" });
    const code = () =>
      cri.runtime.listPodSandbox({}).then(
        () => "ok",
        (error) => error.code,
      );
    expect([await code(), await code(), await code(), await code()]).toEqual([
      "internal",
      "internal",
      "name_reserved",
      "ok",
    ]);
  });

  test("of a delay run into the deadline of the client", async () => {
    fake.fault("listPodSandbox", { delayMs: 60_000 });
    await expect(cri.runtime.listPodSandbox({}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: "deadline_exceeded",
    });
  });

  test("at the end lose the answer to what was done", async () => {
    fake.fault("runPodSandbox", { at: "end", cut: true });
    const run = cri.runtime.runPodSandbox({ config: { metadata: { name: "lost" } } });
    await expect(run).rejects.toMatchObject({ code: "unavailable" });
    expect((await cri.pods.list()).map(({ listed }) => listed.metadata.name)).toEqual(["lost"]);
  });

  test("that cut the connection in the middle of a stream end it there", async () => {
    const big = { metadata: { name: "main" }, image, annotations: { text: "x".repeat(700_000) } };
    for (let count = 0; count < 3; count += 1) {
      const pod = await cri.pods.run({ metadata: { name: `pod${count}` } });
      await pod.createContainer(big);
    }
    fake.fault("streamContainers", { at: 2, cut: true });
    let came = 0;
    const reading = async () => {
      for await (const _container of cri.containers.stream()) came += 1;
    };
    await expect(reading()).rejects.toMatchObject({ code: "unavailable" });
    expect(came).toBeLessThanOrEqual(2);
    expect((await cri.containers.list()).length).toBe(3);
  });

  test("make an old runtime of it, or a list that is given up", async () => {
    await runContainer();
    fake.fault("streamContainers", { at: 1, error: "unsupported" });
    fake.fault("streamPodSandboxes", { error: "unsupported" }, always);
    expect((await cri.containers.list()).length).toBe(1);
    expect((await cri.pods.list()).length).toBe(1);
    expect(cri.capabilities()).toMatchObject({ streamContainers: false, streamPodSandboxes: false });
  });

  test("can be taken back", async () => {
    fake.fault("version", { error: "internal" }, always);
    fake.clearFaults();
    await cri.runtime.version({});
  });
});

describe("RPCs that the test answers", () => {
  test("get what it says, may ask the fake itself, and fail with the code of what it throws", async () => {
    fake.onCall("version", async (_request, { next }) => ({ ...(await next()), runtimeName: "mine" }));
    expect(await cri.runtime.version({})).toMatchObject({ runtimeName: "mine", runtimeApiVersion: "v1" });
    fake.onCall("imageStatus", () => {
      throw new NotFoundError("not that one");
    });
    await expect(cri.images.status("app:test")).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("not that one"),
    });
    fake.onCall("imageStatus", () => ({ image: { id: "another" } }));
    expect((await cri.images.status("app:test"))?.id).toBe("another");
    expect(fake.calls.map(({ rpc }) => rpc)).toEqual(["version", "version", "imageStatus", "imageStatus"]);
  });

  test("by stream give the messages of an iterable, and see their reader leave", async () => {
    let left = false;
    fake.onCall("streamContainers", async function* (_request, { signal, next }) {
      signal.addEventListener("abort", () => {
        left = true;
      });
      yield { containers: [{ id: "made up" }] };
      yield* next();
      await once(signal, "abort");
    });
    const { container } = await runContainer();
    const ids = [];
    for await (const { id } of cri.containers.stream()) {
      ids.push(id);
      if (ids.length === 2) break;
    }
    expect(ids).toEqual(["made up", container.id]);
    await until("the handler sees it", () => left);
  });

  test("are struck by faults as others are", async () => {
    fake.onCall("version", () => ({ runtimeName: "mine" }));
    fake.fault("version", { error: "internal" });
    await expect(cri.runtime.version({})).rejects.toMatchObject({ code: "internal" });
    expect((await cri.runtime.version({})).runtimeName).toBe("mine");
  });
});

describe("what happens without the client", () => {
  test("is done by the fake's own RPCs, also while it is away, and no fault strikes them", async () => {
    const { pod, container } = await runContainer();
    fake.fault("listContainers", { error: "internal" }, always);
    fake.onCall("removePodSandbox", () => {
      throw new Error("not by clients");
    });
    const calls = fake.calls.length;
    await fake.restart(async () => {
      const { containers } = await fake.runtime.listContainers({});
      expect(containers.map(({ id }) => id)).toEqual([container.id]);
      await fake.runtime.removePodSandbox({ podSandboxId: pod.id });
      await expect(fake.runtime.containerStatus({ containerId: container.id })).rejects.toMatchObject({
        code: "not_found",
      });
    });
    expect(fake.calls.length).toBe(calls);
    expect(await cri.pods.list()).toEqual([]);
  });

  test("goes by streams as well, which a `break` ends", async () => {
    const { pod } = await runContainer();
    const parts = [];
    for await (const { podSandboxes } of fake.runtime.streamPodSandboxes({})) {
      parts.push(podSandboxes.map(({ id }) => id));
      break;
    }
    expect(parts).toEqual([[pod.id]]);
  });

  test("has the deadline of its call, and ends with the signal's own reason", async () => {
    fake.onRun("stubborn", () => new Promise<void>(() => {}));
    const { container } = await runContainer(["stubborn"]);
    const stop = { containerId: container.id, timeout: 1n };
    const late = fake.runtime.stopContainer(stop, { signal: AbortSignal.timeout(50) });
    await expect(late).rejects.toMatchObject({ name: "TimeoutError" });
    const listening = fake.runtime.getContainerEvents({}, { timeoutMs: 50 })[Symbol.asyncIterator]();
    await expect(listening.next()).rejects.toMatchObject({ code: "deadline_exceeded" });
  });
});

test("IDs are those that the test makes up", async () => {
  let count = 0;
  await using own = await startFakeRuntime({ newId: () => `id${++count}` });
  await using client = await connect(own.endpoint, { logRoot: own.logRoot });
  const pod = await client.pods.run({ metadata: { name: "demo" } });
  expect(pod.id).toBe("id1");
  expect((await client.pods.list()).map(({ id }) => id)).toEqual(["id1"]);
});

describe("events", () => {
  async function follow(events: ContainerEventResponse[], signal: AbortSignal) {
    try {
      for await (const event of cri.runtime.getContainerEvents({}, { signal })) events.push(event);
    } catch (error) {
      if (error !== signal.reason) throw error;
    }
  }

  async function eventsOf(body: () => Promise<void>, count: number): Promise<string[]> {
    const events: ContainerEventResponse[] = [];
    const done = new AbortController();
    const following = follow(events, done.signal);
    await until("the call has come in", () => fake.calls.some(({ rpc }) => rpc === "getContainerEvents"));
    await body();
    await until("the events have come", () => events.length >= count);
    done.abort();
    await following;
    const pods = new Set(events.map(({ podSandboxStatus }) => podSandboxStatus?.id));
    return events.map((event) => {
      const type = ContainerEventType[event.containerEventType].replace(/^CONTAINER_|_EVENT$/g, "");
      return `${pods.has(event.containerId) ? "pod" : "container"} ${type}`;
    });
  }

  test("tell the life of a pod and its container", async () => {
    const story = await eventsOf(async () => {
      const { pod, container } = await runContainer();
      await container.stop();
      await pod.remove();
    }, 8);
    expect(story).toEqual([
      "pod CREATED",
      "pod STARTED",
      "container CREATED",
      "container STARTED",
      "container STOPPED",
      "pod STOPPED",
      "container DELETED",
      "pod DELETED",
    ]);
  });

  test("end with an error at the deadline that the runtime was told", async () => {
    // Without a deadline of the client's own, so that the answer is the runtime's.
    const late = { timeoutMs: 0, headers: { "grpc-timeout": "50m" } };
    const events = cri.runtime.getContainerEvents({}, late)[Symbol.asyncIterator]();
    await expect(events.next()).rejects.toMatchObject({ code: "deadline_exceeded" });
  });

  test("can be dropped, and told in the wrong order", async () => {
    fake.faultEvent("drop");
    fake.faultEvent("swap");
    const story = await eventsOf(async () => {
      await runContainer();
    }, 3);
    expect(story).toEqual(["container CREATED", "pod STARTED", "container STARTED"]);
  });
});

describe("the runtime", () => {
  test("restarts with all that it holds, and is away meanwhile", async () => {
    const { container } = await runContainer();
    await fake.restart(async () => {
      await expect(cri.pods.list()).rejects.toBeInstanceOf(UnavailableError);
    });
    expect((await container.status()).state).toBe("running");
  });

  test("records the calls", async () => {
    await cri.images.pull("registry.test/app:1");
    expect(fake.calls.at(-1)).toMatchObject({
      rpc: "pullImage",
      request: { image: { image: "registry.test/app:1" } },
    });
  });

  test("leaves nothing when it is disposed, also twice, with containers and sessions under way", async () => {
    let ended = 0;
    const handler = async ({ signal }: { signal: AbortSignal }) => {
      await once(signal, "abort");
      ended += 1;
    };
    fake.onRun("main", handler);
    fake.onExec("shell", handler);
    const { container } = await runContainer(["main"]);
    const session = await container.spawn(["shell"]);
    session.exited.catch(() => {});
    await fake[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
    await until("both commands have ended", () => ended === 2);
    expect(existsSync(fake.endpoint.slice("unix://".length))).toBe(false);
    expect(existsSync(fake.logRoot)).toBe(false);
  });
});
