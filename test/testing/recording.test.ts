import type { Interceptor } from "@connectrpc/connect";
import { type CriClient, connect } from "crikit";
import { recordCalls, replayCalls, startFakeRuntime } from "crikit/testing";
import { describe, expect, test } from "vitest";

/** Does something with a fake runtime, then the same with what was recorded of it. */
async function recordAndReplay<T>(story: (open: () => Promise<CriClient>) => Promise<T>) {
  const recording = recordCalls();
  await using fake = await startFakeRuntime({ images: ["app:test"] });
  const open = (endpoint: string, interceptor: Interceptor) => () =>
    connect(endpoint, { interceptors: [interceptor], logRoot: fake.logRoot, retries: 0 });
  const recorded = await story(open(fake.endpoint, recording.interceptor));
  const text = recording.text();
  const replayed = await story(open("unix:///nowhere/recorded.sock", replayCalls(text)));
  return { recorded, replayed, text };
}

describe("a recording, played without its runtime,", () => {
  test("gives what the runtime gave, in its order, although the pod's uid is another", async () => {
    const { recorded, replayed } = await recordAndReplay(async (open) => {
      await using cri = await open();
      const pod = await cri.pods.run({ metadata: { name: "demo" } });
      const before = await pod.status();
      await pod.stop();
      const after = await pod.status();
      return JSON.stringify([pod.id, before, after, await cri.pods.list()]);
    });
    expect(replayed).toBe(recorded);
    expect(JSON.parse(replayed).slice(1, 3)).toMatchObject([{ state: "ready" }, { state: "notready" }]);
  });

  test("fails where the runtime failed, with the same code", async () => {
    const { recorded, replayed } = await recordAndReplay(async (open) => {
      await using cri = await open();
      return await cri.containers
        .get("missing")
        .status()
        .then(String, (error: unknown) => error);
    });
    expect(replayed).toMatchObject({ code: "not_found", rpc: "ContainerStatus" });
    expect(recorded).toMatchObject({ code: "not_found", rpc: "ContainerStatus" });
  });

  test("tells its events, and then is quiet until the reader leaves", async () => {
    const { recorded, replayed } = await recordAndReplay(async (open) => {
      await using cri = await open();
      const told: string[] = [];
      const enough = new AbortController();
      const read = async () => {
        for await (const { type, kind } of cri.events({ signal: enough.signal })) {
          told.push(`${type} ${kind}`);
          if (told.length === 2) enough.abort("enough");
        }
      };
      const reader = expect(read()).rejects.toBe("enough");
      const pod = await cri.pods.run({ metadata: { name: "demo" } });
      await pod.stop();
      await reader;
      return told;
    });
    expect(recorded).toHaveLength(2);
    expect(replayed).toEqual(recorded);
  });

  test("says which request it cannot answer", async () => {
    const { text } = await recordAndReplay(async (open) => void (await open())[Symbol.asyncDispose]());
    const interceptors = [replayCalls(text)];
    await using cri = await connect("unix:///nowhere/recorded.sock", { interceptors });
    const asked = cri.containers.get("other").status();
    await expect(asked).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("other"),
    });
  });

  test("holds no credentials", async () => {
    const { text } = await recordAndReplay(async (open) => {
      await using cri = await open();
      await cri.images.pull("app:test", { auth: { username: "me", password: "canary-p4ss" } });
    });
    expect(text).toContain("PullImage");
    expect(text).not.toContain("canary-p4ss");
  });
});

test("a text that is no recording is refused with its line", () => {
  expect(() => replayCalls('{"rpc":"Version"}')).toThrow("Line 1 of the recording");
  expect(() => replayCalls("\n\nrubbish")).toThrow("Line 3 of the recording");
});
