import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CriClient, CriError, connect, DeadlineError } from "crikit";
import { type PlayPodOptions, type PodChange, type PodManifest, type PodSpec, playPod } from "crikit/kube";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdClock } from "../support/held-clock.js";
import { until } from "../support/until.js";

const backoff = { initialMs: 40, maxMs: 100, resetAfterMs: 60_000 };
let fake: FakeRuntime;
let cri: CriClient;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-kube-test-"));
  fake = await startFakeRuntime({ images: ["app:1"] });
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
});
afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

function podOf(spec: PodSpec): PodManifest {
  return { metadata: { name: "app" }, spec: { terminationGracePeriodSeconds: 0, ...spec } };
}

function play(spec: PodSpec, options: PlayPodOptions = {}) {
  return playPod(cri, podOf(spec), { backoff, directory, ...options });
}

const web = { name: "web", image: "app:1" };

async function expectNothingLeft(): Promise<void> {
  expect(await cri.pods.list()).toEqual([]);
  expect(await cri.containers.list()).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
  expect(await readdir(fake.logRoot).catch(() => [])).toEqual([]);
}

/** The names of the containers in the order in which they were made. */
function made(): string[] {
  return fake.calls.flatMap(({ rpc, request }) =>
    rpc === "createContainer"
      ? [(request as { config: { metadata: { name: string } } }).config.metadata.name]
      : [],
  );
}

test("a container that ends is made anew, at first at once and then later and later", async () => {
  let runs = 0;
  fake.onRun("crash", () => {
    runs += 1;
    return 3;
  });
  const changes: PodChange[] = [];
  {
    await using app = await play({ containers: [{ ...web, command: ["crash"] }] });
    for await (const change of app.events()) {
      changes.push(change);
      if (change.type === "started" && change.attempt === 4) break;
    }
    const [status] = app.status().containers;
    expect(status?.restarts).toBe(4);
    expect(app.container("web").id).toBe(status?.id);
    expect(app.phase).toBe("Running");
  }
  const delays = changes.flatMap((change) => (change.type === "waiting" ? [change.delayMs] : []));
  expect(delays.slice(0, 3)).toEqual([40, 80, 100]);
  expect(changes.find(({ type }) => type === "waiting")).toMatchObject({
    container: "web",
    reason: "CrashLoopBackOff",
    message: "Error, exit code 3",
  });
  expect(runs).toBeGreaterThanOrEqual(5);
  await expectNothingLeft();
});

test("of the attempts the newest and the one before it are kept", async () => {
  await using app = await play({ containers: [web] });
  for (let restart = 1; restart <= 3; restart++) {
    await fake.exit(app.container("web").id, 1);
    await until("it is restarted", () => app.status().containers[0]?.restarts === restart);
  }
  await until("the old ones are removed", async () => (await cri.containers.list()).length === 2);
  const attempts = (await cri.containers.list()).map(({ listed }) => listed.metadata.attempt);
  expect(attempts).toEqual([3, 2]);
  const { metadata } = await app.container("web", { previous: true }).status();
  expect(metadata.attempt).toBe(2);
});

test("with OnFailure a success is the end, and with all of them the pod's", async () => {
  let runs = 0;
  fake.onRun("twice", () => (++runs < 2 ? 1 : 0));
  fake.onRun("once", () => 0);
  await using app = await play({
    restartPolicy: "OnFailure",
    containers: [
      { ...web, command: ["twice"] },
      { name: "other", image: "app:1", command: ["once"] },
    ],
  });
  expect(await app.wait()).toEqual({ phase: "Succeeded", reason: "" });
  expect(app.phase).toBe("Succeeded");
  expect(app.status().containers).toMatchObject([
    { name: "web", state: "terminated", restarts: 1, lastEnd: { exitCode: 0 } },
    { name: "other", state: "terminated", restarts: 0 },
  ]);
  const [pod] = await cri.pods.list();
  expect(pod?.listed.state).toBe("notready");
});

test("with Never an error is the end, and the pod has failed", async () => {
  fake.onRun("fail", () => 7);
  await using app = await play({ restartPolicy: "Never", containers: [{ ...web, command: ["fail"] }] });
  expect(await app.wait()).toEqual({ phase: "Failed", reason: "" });
  await expect(app.waitReady()).rejects.toMatchObject({ code: "failed_precondition" });
});

test("init containers run one after the other, and are tried again until they succeed", async () => {
  let runs = 0;
  fake.onRun("flaky", () => (++runs < 3 ? 1 : 0));
  fake.onRun("fine", () => 0);
  await using app = await play({
    initContainers: [
      { name: "first", image: "app:1", command: ["flaky"] },
      { name: "second", image: "app:1", command: ["fine"] },
    ],
    containers: [web],
  });
  expect(made()).toEqual(["first", "first", "first", "second", "web"]);
  expect(app.status().initContainers).toMatchObject([
    { name: "first", state: "terminated", restarts: 2 },
    { name: "second", state: "terminated", restarts: 0 },
  ]);
});

test("an init container that fails under Never fails the play, with what it has left", async () => {
  fake.onRun("fail", () => 5);
  const playing = play({
    restartPolicy: "Never",
    initContainers: [{ name: "migrate", image: "app:1", command: ["fail"] }],
    containers: [web],
  });
  await expect(playing).rejects.toThrow(/^Init container migrate ended with exit code 5 \(Error\)/);
  expect(made()).toEqual(["migrate"]);
  await expectNothingLeft();
});

test("a play that takes too long says which container it waits for", async () => {
  fake.onRun("fail", () => 5);
  using clock = holdClock();
  const playing = play(
    { initContainers: [{ name: "migrate", image: "app:1", command: ["fail"] }], containers: [web] },
    { timeoutMs: 1_000, backoff: { initialMs: 60_000 } },
  );
  let error: unknown;
  playing.catch((thrown: unknown) => {
    error = thrown;
  });
  await clock.passUntil("its time is over", () => error !== undefined);
  expect(error).toBeInstanceOf(DeadlineError);
  expect(String(error)).toMatch(
    /; container migrate is waiting, CrashLoopBackOff: Error, exit code 5, its last run ended with exit code 5 \(Error\)$/,
  );
  await expectNothingLeft();
});

test("an abort gives up the start, with its own reason, and leaves nothing", async () => {
  fake.onRun(
    "forever",
    ({ signal }) => new Promise<number>((resolve) => signal.addEventListener("abort", () => resolve(0))),
  );
  const reason = new Error("enough");
  const controller = new AbortController();
  const playing = play(
    { initContainers: [{ name: "slow", image: "app:1", command: ["forever"] }], containers: [web] },
    { signal: controller.signal },
  );
  playing.catch(() => {});
  await until("the init container is made", () => made().length === 1);
  controller.abort(reason);
  await expect(playing).rejects.toBe(reason);
  await expectNothingLeft();
});

test("an image that is not there fails the play, and the error names the container", async () => {
  const playing = play({
    containers: [web, { name: "other", image: "missing:1", imagePullPolicy: "Never" }],
  });
  await expect(playing).rejects.toThrow(
    "Container other could not be started: Image missing:1 is not there, and the policy is never",
  );
  await expect(playing).rejects.toMatchObject({ code: "image_never_pull" });
  await expectNothingLeft();
});

test.each(["runPodSandbox", "createContainer", "startContainer"] as const)(
  "a %s that fails fails the play, and leaves nothing",
  async (rpc) => {
    fake.fault(rpc, { error: "resource_exhausted", message: "no room" });
    await expect(play({ containers: [web] })).rejects.toMatchObject({ code: "resource_exhausted" });
    await expectNothingLeft();
  },
);

test("a container that cannot be made again is tried again, and waits with the reason", async () => {
  await using app = await play({ containers: [web] });
  fake.fault("createContainer", { error: "resource_exhausted", message: "no room" }, { times: 3 });
  const reasons: string[] = [];
  await fake.exit(app.container("web").id, 1);
  for await (const change of app.events()) {
    if (change.type === "waiting") reasons.push(`${change.reason}: ${change.message}`);
    if (change.type === "started") break;
  }
  expect(reasons.length).toBeGreaterThan(0);
  expect(new Set(reasons)).toEqual(new Set(["CreateContainerError: CreateContainer: no room"]));
});

test("sidecars start before what comes after them, and end after the main containers, the last one first", async () => {
  const ends: string[] = [];
  fake.onRun("serve", ({ argv, signal }) => {
    return new Promise<number>((resolve) => {
      signal.addEventListener("abort", () => {
        ends.push(argv[1] ?? "");
        resolve(0);
      });
    });
  });
  fake.onRun("job", () => 0);
  let isUp = false;
  fake.onExec("is-up", () => (isUp ? 0 : 1));
  const sidecar = (name: string) => ({
    name,
    image: "app:1",
    command: ["serve", name],
    restartPolicy: "Always",
  });
  const startupProbe = { exec: { command: ["is-up"] }, periodSeconds: 1, failureThreshold: 100 };
  const playing = play({
    terminationGracePeriodSeconds: 5,
    restartPolicy: "Never",
    initContainers: [{ ...sidecar("one"), startupProbe }, sidecar("two")],
    containers: [{ ...web, command: ["job"] }],
  });
  await until("it is probed", () => fake.calls.some(({ rpc }) => rpc === "execSync"));
  expect(made()).toEqual(["one"]);
  isUp = true;
  await using app = await playing;
  expect(made()).toEqual(["one", "two", "web"]);
  expect(await app.wait()).toEqual({ phase: "Succeeded", reason: "" });
  expect(ends).toEqual(["two", "one"]);
});

test("a sidecar that ends is started again under any policy", async () => {
  await using app = await play({
    restartPolicy: "Never",
    initContainers: [{ name: "proxy", image: "app:1", restartPolicy: "Always" }],
    containers: [web],
  });
  await fake.exit(app.container("proxy").id, 0);
  await until("it runs again", () => app.status().initContainers[0]?.restarts === 1);
  expect(app.status().containers[0]?.restarts).toBe(0);
});

test("a pod whose sandbox is gone gets a new one, with all containers", async () => {
  fake.onRun("fine", () => 0);
  await using app = await play({
    initContainers: [{ name: "init", image: "app:1", command: ["fine"] }],
    containers: [web],
  });
  const first = app.pod.id;
  await cri.pods.get(first).stop();
  await until("there is another", () => app.pod.id !== first && app.status().ready);
  expect(app.status().sandboxRestarts).toBe(1);
  expect(made()).toEqual(["init", "web", "init", "web"]);
  const { metadata } = await app.pod.status();
  expect(metadata).toMatchObject({ name: "app", uid: app.uid, attempt: 1 });
  const attempt = (await app.container("web").status()).metadata.attempt;
  expect(attempt).toBe(1);
});

test("with Never a sandbox that is gone is the end", async () => {
  await using app = await play({ restartPolicy: "Never", containers: [web] });
  await cri.pods.get(app.pod.id).remove();
  expect(await app.wait()).toEqual({ phase: "Failed", reason: "SandboxLost" });
});

test("with Never a sandbox that is gone is the end, also when its containers are seen to end before", async () => {
  await using app = await play({ restartPolicy: "Never", containers: [web] });
  fake.fault("podSandboxStatus", { delayMs: 500 });
  await cri.pods.get(app.pod.id).remove();
  expect(await app.wait()).toEqual({ phase: "Failed", reason: "SandboxLost" });
});

test("a pod is kept over a restart of the runtime, and what ended meanwhile is restarted", async () => {
  await using app = await play({ containers: [web, { name: "other", image: "app:1" }] });
  const { id } = app.container("web");
  const ended = fake.exit(id, 1);
  await fake.restart();
  await ended;
  await until("it is restarted", () => app.status().containers[0]?.restarts === 1);
  expect(app.status().containers[1]?.restarts).toBe(0);
  expect(app.status().sandboxRestarts).toBe(0);
});

test("a pod that takes longer than activeDeadlineSeconds is stopped, and has failed", async () => {
  await using app = await play({ activeDeadlineSeconds: 1, containers: [web] });
  expect(await app.wait()).toEqual({ phase: "Failed", reason: "DeadlineExceeded" });
  expect(app.status().containers[0]?.state).toBe("terminated");
});

test("stop ends it for good, and leaves it for its logs until dispose", async () => {
  const app = await play({ containers: [web] });
  await app.stop();
  expect(await app.wait()).toEqual({ phase: "Failed", reason: "Stopped" });
  expect((await app.container("web").status()).state).toBe("exited");
  expect(app.status().ready).toBe(false);
  await app[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await expectNothingLeft();
});

test("a disposal that fails in part removes the rest, and says what is left", async () => {
  const app = await play({ containers: [web] });
  fake.fault(
    "removePodSandbox",
    { error: "internal", message: "stuck" },
    { times: Number.POSITIVE_INFINITY },
  );
  const error = await app[Symbol.asyncDispose]().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(AggregateError);
  expect(String(error)).toContain("Pod app was not wholly removed: failed to remove the sandbox");
  expect(await readdir(directory)).toEqual([]);
  fake.clearFaults();
});

test("a closed client ends the wait with its error", async () => {
  const app = await play({ containers: [web] });
  cri.close();
  await expect(app.wait()).rejects.toMatchObject({ code: "closed" });
  await expect(app[Symbol.asyncDispose]()).rejects.toBeInstanceOf(AggregateError);
  cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  for (const pod of await cri.pods.list()) await pod.remove();
});

test("an unknown container is an error that names those that there are", async () => {
  await using app = await play({ containers: [web] });
  expect(() => app.container("wep")).toThrow("Pod app has no container wep: it has web");
  expect(() => app.container("web", { previous: true })).toThrow(CriError);
});
