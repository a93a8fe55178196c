import { existsSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CriClient } from "../../src/api/client.js";
import { connect } from "../../src/api/connect.js";
import type { OwnedPod } from "../../src/api/pod.js";
import {
  CriError,
  DeadlineError,
  NameReservedError,
  NonZeroExitError,
  NotFoundError,
} from "../../src/errors.js";
import { busyboxImage } from "../../src/testing/busybox-image.js";
import { type Registry, serveRegistry } from "../../src/testing/registry.js";
import { startRuntime } from "../../src/testing/start-runtime.js";
import { startContainerd } from "../support/containerd.js";
import { until } from "../support/until.js";
import { type TemporaryDirectory, temporaryDirectory } from "./support/serve.js";

const runtimes: [string, () => Promise<AsyncDisposable & { endpoint: string }>][] = [
  ["containerd", startContainerd],
  ["crikit-runtime", startRuntime],
];

describe.each(runtimes)("the client on %s", (_name, start) => {
  const opened: AsyncDisposable[] = [];
  let cri: CriClient;
  let registry: Registry;
  let logs: TemporaryDirectory;
  let pod: OwnedPod;
  let image: { image: string };

  function keep<T extends AsyncDisposable>(disposable: T): T {
    opened.push(disposable);
    return disposable;
  }

  beforeAll(async () => {
    logs = keep(await temporaryDirectory());
    const content = await busyboxImage();
    registry = keep(
      await serveRegistry([
        { ref: "crikit.test/busybox:1", ...content },
        { ref: "crikit.test/other:1", files: { "/only-here": "x" }, defaults: { cmd: ["/none"] } },
      ]),
    );
    const runtime = keep(await start());
    cri = keep(await connect(runtime.endpoint, { logRoot: logs.path }));
    image = { image: registry.ref("crikit.test/busybox:1") };
    await cri.images.pull(image.image);
    pod = keep(await cri.pods.run({ metadata: { name: "shared", uid: "1" }, labels: { app: "shared" } }));
  });

  afterAll(async () => {
    for (const each of opened.reverse()) await each[Symbol.asyncDispose]();
  });

  test("`info` says that pods can be run", async () => {
    expect(await cri.info()).toMatchObject({ runtimeReady: true, networkReady: true });
    expect(cri.version.runtimeApiVersion).toBe("v1");
  });

  test("images: `ensure` pulls what is missing and once, `status` and `list` tell of it, `remove` takes it away", async () => {
    const ref = registry.ref("crikit.test/other:1");
    expect(await cri.images.status(ref)).toBeUndefined();
    const first = await cri.images.ensure(ref);
    const second = await cri.images.ensure(ref);
    expect([first.pulled, second.pulled]).toEqual([true, false]);
    expect(second.imageRef).toBe(first.imageRef);

    const status = await cri.images.status(ref);
    expect(status).toMatchObject({ id: first.imageRef, repoTags: [ref], pinned: false, user: undefined });
    expect(status?.sizeBytes).toBeGreaterThan(0);
    const listed = (await cri.images.list()).find(({ id }) => id === first.imageRef);
    expect(listed?.repoTags).toEqual([ref]);
    expect((await cri.images.list({ image: ref })).map(({ id }) => id)).toEqual([first.imageRef]);

    await cri.images.remove(ref);
    await cri.images.remove(ref);
    expect(await cri.images.status(ref)).toBeUndefined();
  });

  test("images: `fsInfo` names the file system", async () => {
    const { images } = await cri.images.fsInfo();
    expect(images.map(({ mountpoint }) => existsSync(mountpoint))).toEqual([true]);
  });

  test("images: a name that the registry does not have is an error", async () => {
    const failed = cri.images.pull(registry.ref("crikit.test/busybox:1").replace(/1$/, "none"));
    await expect(failed).rejects.toBeInstanceOf(CriError);
  });

  test("pods: status and list tell of it in words, dates and addresses", async () => {
    const before = Date.now();
    await using second = await cri.pods.run({
      metadata: { name: "second", namespace: "ns" },
      labels: { app: "second" },
      annotations: { note: "n" },
    });
    const status = await second.status();
    expect(status).toMatchObject({
      id: second.id,
      metadata: { name: "second", namespace: "ns", attempt: 0, uid: expect.stringMatching(/^.{36}$/) },
      state: "ready",
      labels: { app: "second" },
      annotations: { note: "n" },
    });
    expect(status.ips[0]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(status.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(status.createdAt.getTime()).toBeLessThanOrEqual(Date.now());

    expect((await cri.pods.list()).map(({ id }) => id)).toEqual([second.id, pod.id]);
    const [listed, ...more] = await cri.pods.list({ labels: { app: "second" }, state: "ready" });
    expect(listed?.listed).toMatchObject({ id: second.id, metadata: { name: "second" }, state: "ready" });
    expect(more).toEqual([]);

    await second.stop();
    await second.stop();
    expect(await cri.pods.list({ id: second.id, state: "ready" })).toEqual([]);
    expect((await cri.pods.get(second.id).status()).state).toBe("notready");
  });

  test("pods: a second one with the same metadata is refused as reserved, and the first stays", async () => {
    await expect(cri.pods.run({ metadata: { name: "shared", uid: "1" } })).rejects.toBeInstanceOf(
      NameReservedError,
    );
    expect((await pod.status()).state).toBe("ready");
    expect(await readdir(logs.path)).toContain("default_shared_1");
  });

  test("pods: what is gone is NotFoundError, and removing it again is none", async () => {
    const gone = cri.pods.get("0".repeat(64));
    await expect(gone.status()).rejects.toBeInstanceOf(NotFoundError);
    await gone.remove();
    const container = cri.containers.get("0".repeat(64));
    await expect(container.status()).rejects.toBeInstanceOf(NotFoundError);
    await expect(container.wait()).rejects.toBeInstanceOf(NotFoundError);
    await container.remove();
  });

  test("containers: created, running, exited, with the command's own code and output", async () => {
    await using job = await pod.createContainer({
      metadata: { name: "job" },
      image,
      command: ["sh", "-c", 'echo "pid $$"; echo "$GREETING" >&2; printf unfinished; exit 3'],
      envs: [{ key: "GREETING", value: "hello" }],
    });
    expect(await job.status()).toMatchObject({
      state: "created",
      exitCode: undefined,
      startedAt: undefined,
      finishedAt: undefined,
    });
    expect(await cri.containers.list({ id: job.id, state: "created" })).toHaveLength(1);
    const waiting = job.wait();
    await job.start();
    expect(await waiting).toMatchObject({ exitCode: 3, reason: "Error", finishedAt: expect.any(Date) });
    expect(await job.status()).toMatchObject({
      state: "exited",
      exitCode: 3,
      metadata: { name: "job", attempt: 0 },
    });

    const lines = [];
    for await (const { stream, text, partial } of job.logs()) lines.push({ stream, text, partial });
    expect(lines.filter(({ stream }) => stream === "stdout")).toEqual([
      { stream: "stdout", text: "pid 1", partial: false },
      { stream: "stdout", text: "unfinished", partial: true },
    ]);
    expect(lines.filter(({ stream }) => stream === "stderr")).toEqual([
      { stream: "stderr", text: "hello", partial: false },
    ]);
  });

  test("containers: a command that does not exist leaves nothing behind", async () => {
    const failed = pod.runContainer({ metadata: { name: "none" }, image, command: ["/none"] });
    await expect(failed).rejects.toBeInstanceOf(CriError);
    expect(await pod.containers({ state: "created" })).toEqual([]);
    expect((await pod.containers()).map(({ listed }) => listed.metadata.name)).not.toContain("none");
  });

  test("containers: on a handle from `get`, by an ID prefix, with the log where kubelet's name puts it", async () => {
    const prefix = cri.pods.get(pod.id.slice(0, 12));
    await using job = await prefix.runContainer({
      metadata: { name: "got" },
      image,
      command: ["sh", "-c", "echo $$"],
    });
    await job.wait();
    expect((await job.status()).logPath).toBe(join(logs.path, "default_shared_1/got/0.log"));
    const texts = [];
    for await (const { text } of job.logs()) texts.push(text);
    expect(texts).toEqual(["1"]);
  });

  test("containers: `stop` sends the stop signal and waits; dispose does not", async () => {
    const script = 'trap "echo bye; exit 7" TERM; echo ready; while true; do sleep 0.05; done';
    const config = { metadata: { name: "stoppable" }, image, command: ["sh", "-c", script] };
    await using polite = await pod.runContainer(config);
    for await (const { text } of polite.logs({ follow: true })) if (text === "ready") break;
    await polite.stop({ gracePeriodMs: 5_000 });
    expect(await polite.wait()).toMatchObject({ exitCode: 7 });

    const stubborn = await pod.runContainer({
      metadata: { name: "stubborn" },
      image,
      command: ["sh", "-c", 'trap "" TERM; while true; do sleep 0.05; done'],
    });
    const start = performance.now();
    await stubborn[Symbol.asyncDispose]();
    expect(performance.now() - start).toBeLessThan(5_000);
    await expect(stubborn.status()).rejects.toBeInstanceOf(NotFoundError);
  });

  describe("with a running container", () => {
    const sleeper = { metadata: { name: "sleeper" }, command: ["sleep", "1000"] };
    let container: Awaited<ReturnType<OwnedPod["runContainer"]>>;

    beforeAll(async () => {
      container = await pod.runContainer({ ...sleeper, image });
    });

    afterAll(async () => {
      await container[Symbol.asyncDispose]();
    });

    test("`exec` gives text, bytes and the code", async () => {
      expect(await container.exec(["sh", "-c", "echo out; echo err >&2; exit 4"])).toEqual({
        exitCode: 4,
        stdout: "out\n",
        stderr: "err\n",
      });
      const { stdout } = await container.exec(["printf", "\\377\\000\\303"], { encoding: "buffer" });
      expect(stdout).toEqual(Buffer.from([0xff, 0, 0xc3]));
    });

    test("`exec` with `check` throws and keeps the output", async () => {
      const failed = container.exec(["sh", "-c", "echo out; echo err >&2; exit 4"], { check: true });
      await expect(failed).rejects.toBeInstanceOf(NonZeroExitError);
      await expect(failed).rejects.toMatchObject({
        code: "non_zero_exit",
        exitCode: 4,
        stdout: "out\n",
        stderr: "err\n",
      });
      expect(await container.exec(["true"], { check: true })).toMatchObject({ exitCode: 0 });
    });

    test("`exec` past its limit throws DeadlineError and the command is gone", async () => {
      const start = performance.now();
      await expect(container.exec(["sleep", "777"], { timeoutMs: 300 })).rejects.toBeInstanceOf(
        DeadlineError,
      );
      expect(performance.now() - start).toBeLessThan(5_000);
      const { stdout } = await container.exec(["ps"]);
      expect(stdout).not.toContain("777");
    });

    test("`exec` throws the signal's own reason", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const exec = container.exec(["sleep", "5"], { signal: controller.signal });
      controller.abort(reason);
      await expect(exec).rejects.toBe(reason);
    });

    test("`logs` follows over a rotation as kubelet does it", async () => {
      const script = "n=0; while true; do n=$((n + 1)); echo $n; sleep 0.01; done";
      await using counter = await pod.runContainer({
        metadata: { name: "counter" },
        image,
        command: ["sh", "-c", script],
      });
      const numbers: number[] = [];
      for await (const { text } of counter.logs({ follow: true })) {
        numbers.push(Number(text));
        if (numbers.length === 20 || numbers.length === 40) {
          const { logPath } = await counter.status();
          await rename(logPath, `${logPath}.${numbers.length}`);
          await counter.reopenLog();
        }
        if (numbers.length === 60) break;
      }
      expect(numbers).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    });
  });

  test("leaving the block takes the containers and the pod along, with its logs, also when it throws", async () => {
    const thrown = new Error("from the body");
    let ids: string[] = [];
    const body = async () => {
      await using own = await cri.pods.run({ metadata: { name: "own" } });
      await using job = await own.runContainer({
        metadata: { name: "job" },
        image,
        command: ["sleep", "1000"],
      });
      ids = [own.id, job.id];
      throw thrown;
    };
    await expect(body()).rejects.toBe(thrown);
    const left = [...(await cri.pods.list()), ...(await cri.containers.list())].map(({ id }) => id);
    expect(left.filter((id) => ids.includes(id))).toEqual([]);
    expect((await readdir(logs.path)).filter((name) => name.includes("_own_"))).toEqual([]);
  });

  test("a run that is aborted leaves no pod and no log directory", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const run = cri.pods.run({ metadata: { name: "aborted" } }, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await expect(run).rejects.toBe(reason);
    expect((await readdir(logs.path)).filter((name) => name.includes("_aborted_"))).toEqual([]);
    await until("the runtime has undone its part", async () =>
      (await cri.pods.list()).every(({ listed }) => listed.metadata.name !== "aborted"),
    );
  });
});
