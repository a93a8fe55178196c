import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CriClient, CriError, connect, DeadlineError, type PullProgress } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Deferred, deferred } from "../../../src/async/deferred.js";
import { until } from "../../support/until.js";

let fake: FakeRuntime;
let cri: CriClient;
/** The pulls that the runtime is at, until they are let go. */
let gate: Deferred<void>;
/** How many pulls the runtime saw given up. */
let ended: number;

beforeEach(async () => {
  fake = await startFakeRuntime();
  cri = await connect(fake.endpoint);
  gate = deferred();
  ended = 0;
  fake.onCall("pullImage", async (_request, { signal, next }) => {
    signal.addEventListener("abort", () => {
      ended += 1;
      gate.resolve();
    });
    await gate.promise;
    return next();
  });
});

afterEach(async () => {
  gate.resolve();
  await cri[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

const pulls = () => fake.calls.flatMap((call) => (call.rpc === "pullImage" ? [call.request] : []));

describe("pulls of one image at one time", () => {
  test("are one at the runtime, also by another spelling and by `ensure`", async () => {
    const all = [
      cri.images.pull("app"),
      cri.images.pull("docker.io/library/app:latest"),
      cri.images.ensure("app"),
    ];
    await until("the runtime is asked", () => pulls().length > 0);
    await cri.images.status("app");
    gate.resolve();
    const [one, two, three] = await Promise.all(all);
    expect(one?.imageRef).toMatch(/^sha256:/);
    expect(two).toEqual(one);
    expect(three).toEqual({ ...one, pulled: true });
    expect(pulls().length).toBe(1);
    await cri.images.pull("app");
    expect(pulls().length).toBe(2);
  });

  test("are apart where credentials, handler, pod or image differ", async () => {
    const all = [
      cri.images.pull("app"),
      cri.images.pull("app", { auth: { username: "a", password: "b" } }),
      cri.images.pull("app", { auth: { username: "a", password: "c" } }),
      cri.images.pull("app", { handler: "runsc" }),
      cri.images.pull("app", { sandboxConfig: { metadata: { name: "pod" } } }),
      cri.images.pull("app", { headers: { "x-tenant": "one" } }),
      cri.images.pull("app:2"),
    ];
    await until("all are asked for", () => pulls().length === all.length);
    gate.resolve();
    await Promise.all(all);
  });

  test("go on for those who stay when others leave, each with its own reason", async () => {
    const controller = new AbortController();
    const leaves = cri.images.pull("app", { signal: controller.signal });
    const isLate = cri.images.pull("app", { timeoutMs: 200 });
    const stays = cri.images.pull("app");
    await until("the runtime is asked", () => pulls().length > 0);
    const reason = new Error("no longer needed");
    controller.abort(reason);
    await expect(leaves).rejects.toBe(reason);
    await expect(isLate).rejects.toBeInstanceOf(DeadlineError);
    await expect(isLate).rejects.toThrow("docker.io/library/app:latest was not done within 200 ms");
    expect(ended).toBe(0);
    gate.resolve();
    expect((await stays).imageRef).toMatch(/^sha256:/);
    expect(pulls().length).toBe(1);
  });

  test("end at the runtime when the last one leaves", async () => {
    const controllers = [new AbortController(), new AbortController()];
    const all = controllers.map(({ signal }) => cri.images.pull("app", { signal }).catch((error) => error));
    await until("the runtime is asked", () => pulls().length > 0);
    controllers[0]?.abort("first");
    expect(await all[0]).toBe("first");
    expect(ended).toBe(0);
    controllers[1]?.abort("second");
    expect(await all[1]).toBe("second");
    await until("the runtime sees the end", () => ended === 1);
  });

  test("fail together, and are made anew by the next", async () => {
    fake.onCall("pullImage", async (_request, { next }) => {
      await gate.promise;
      if (pulls().length === 1) throw new CriError("registry_unavailable", "try later");
      return next();
    });
    const all = [cri.images.pull("app"), cri.images.pull("app")];
    await until("the runtime is asked", () => pulls().length > 0);
    gate.resolve();
    for (const pull of all) await expect(pull).rejects.toMatchObject({ code: "registry_unavailable" });
    await cri.images.pull("app");
    expect(pulls().length).toBe(2);
  });
});

describe("credentials", () => {
  let directory: string;
  beforeEach(async () => {
    gate.resolve();
    directory = await mkdtemp(join(tmpdir(), "crikit-auth-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const lastAuth = () => pulls().at(-1)?.auth;
  const writeFileFor = async (username: string) => {
    const file = join(directory, "auth.json");
    const auth = Buffer.from(`${username}:p`).toString("base64");
    await writeFile(file, JSON.stringify({ auths: { "docker.io": { auth } } }));
    return file;
  };

  test.each([
    [
      { username: "u", password: "" },
      { username: "u", password: "" },
    ],
    [{ identityToken: "i" }, { identityToken: "i", username: "" }],
    [{ registryToken: "r" }, { registryToken: "r" }],
    [{ auth: Buffer.from("u:p:q").toString("base64") }, { username: "u", password: "p:q", auth: "" }],
  ])("given as %o reach the runtime in the form that all read", async (auth, sent) => {
    await cri.images.pull("app", { auth });
    expect(lastAuth()).toMatchObject(sent);
  });

  test.each([{}, { username: "s3cret" }, { auth: "s3cret" }, { password: "s3cret" }, "s3cret"])(
    "that are none are refused without being told: %o",
    async (auth) => {
      const error = await cri.images.pull("app", { auth: auth as { auth: string } }).catch((error) => error);
      expect(error).toMatchObject({ code: "invalid_argument", field: "auth" });
      expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain("s3cret");
      expect(pulls()).toEqual([]);
    },
  );

  test("are looked up nowhere unless told, by the client or the call", async () => {
    await cri.images.pull("app");
    expect(lastAuth()).toBeUndefined();
    const file = await writeFileFor("file");
    await cri.images.pull("app", { credentials: { file } });
    expect(lastAuth()).toMatchObject({ username: "file", password: "p" });
    await using client = await connect(fake.endpoint, { credentials: { file } });
    await client.images.ensure("other");
    expect(lastAuth()).toMatchObject({ username: "file" });
    await client.images.pull("app", { credentials: "none" });
    expect(lastAuth()).toBeUndefined();
    await client.images.pull("app", { credentials: () => ({ identityToken: "i" }) });
    expect(lastAuth()).toMatchObject({ identityToken: "i" });
    await client.images.pull("app", { auth: { username: "given", password: "p" } });
    expect(lastAuth()).toMatchObject({ username: "given" });
  });

  test("that cannot be looked up fail the pull before it is asked for", async () => {
    const file = join(directory, "missing.json");
    const pull = cri.images.pull("app", { credentials: { file } });
    await expect(pull).rejects.toMatchObject({ code: "credentials_failed" });
    expect(pulls()).toEqual([]);
  });

  test("are not looked up for an image that is there", async () => {
    await cri.images.pull("app");
    const file = join(directory, "missing.json");
    expect((await cri.images.ensure("app", { credentials: { file } })).pulled).toBe(false);
  });
});

describe("progress", () => {
  test("is told every second: the time, and by how much all images have grown", async () => {
    const told: PullProgress[] = [];
    const pull = cri.images.pull("app", { onProgress: (progress) => told.push(progress) });
    await until("the runtime is asked", () => pulls().length > 0);
    await until("progress is told", () => told.length > 0);
    fake.addImage("a-big-one:1");
    await until("the growth is told", () => (told.at(-1)?.grownBytes ?? 0) > 0);
    gate.resolve();
    await pull;
    expect(told[0]?.grownBytes).toBe(0);
    expect(told[0]?.elapsedMs).toBeGreaterThanOrEqual(1000);
    const count = told.length;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(told.length).toBe(count);
  });

  test("goes on without a measure where the runtime has none", async () => {
    fake.fault("imageFsInfo", { error: "unsupported" }, { times: Number.POSITIVE_INFINITY });
    const told: PullProgress[] = [];
    const pull = cri.images.pull("app", { onProgress: (progress) => told.push(progress) });
    await until("progress is told", () => told.length > 0);
    expect(told[0]?.grownBytes).toBeUndefined();
    gate.resolve();
    await pull;
  });

  test("whose hook throws ends the pull with that", async () => {
    const error = new Error("no terminal");
    const onProgress = () => {
      throw error;
    };
    await expect(cri.images.pull("app", { onProgress })).rejects.toBe(error);
    await until("the runtime sees the end", () => ended === 1);
  });
});
