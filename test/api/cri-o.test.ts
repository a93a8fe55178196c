import { connect } from "crikit";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** What CRI-O 1.37 was seen to do otherwise than the contract says, or other runtimes do. */
let fake: FakeRuntime;
const image = "app:1";

beforeEach(async () => {
  fake = await startFakeRuntime({ images: [image] });
  fake.onCall("version", async (_request, { next }) => ({ ...(await next()), runtimeName: "cri-o" }));
});

afterEach(async () => {
  await fake[Symbol.asyncDispose]();
});

const client = () => connect(fake.endpoint, { logRoot: fake.logRoot });

describe("CRI-O waits until the deadline for containers that ignore their signal, and has none to wait for", () => {
  let waitedFor: string[];

  beforeEach(() => {
    waitedFor = [];
    const wait = async (rpc: string) => {
      const { containers } = await fake.runtime.listContainers({ filter: { state: { state: 1 } } });
      for (const { metadata } of containers) waitedFor.push(`${rpc} for ${metadata?.name}`);
    };
    fake.onCall("stopPodSandbox", (_request, { next }) => wait("stopPodSandbox").then(() => next()));
    fake.onCall("removePodSandbox", (_request, { next }) => wait("removePodSandbox").then(() => next()));
    fake.onCall("removeContainer", (_request, { next }) => wait("removeContainer").then(() => next()));
  });

  test.each([
    ["a pod is stopped", "stop"],
    ["a pod is removed", "remove"],
  ] as const)("when %s", async (_what, end) => {
    await using cri = await client();
    const pod = await cri.pods.run({ metadata: { name: "pod" } });
    for (const name of ["a", "b"]) await pod.runContainer({ metadata: { name }, image: { image } });
    await pod[end]();
    expect(waitedFor).toEqual([]);
  });

  test("and stops a pod also when it cannot say which these are", async () => {
    await using cri = await client();
    const pod = await cri.pods.run({ metadata: { name: "pod" } });
    fake.fault("listContainers", { error: "internal", message: "not now" });
    await pod.stop();
    expect((await pod.status()).state).toBe("notready");
  });

  test("when a container is removed that runs", async () => {
    await using cri = await client();
    await using pod = await cri.pods.run({ metadata: { name: "pod" } });
    const container = await pod.runContainer({ metadata: { name: "a" }, image: { image } });
    await container.remove();
    expect(waitedFor).toEqual([]);
  });
});

test("CRI-O, whose images have IDs without `sha256:`, is asked for them and has them removed by either form", async () => {
  await using cri = await client();
  const id = (await cri.images.status(image))?.id ?? "";
  const digits = id.replace("sha256:", "");
  fake.onCall("imageStatus", async (request, { next }) => {
    const asked = request.image?.image ?? "";
    if (asked === id) return {};
    const answer = await next();
    return answer.image ? { image: { ...answer.image, id: digits } } : answer;
  });
  expect((await cri.images.status(digits))?.id).toBe(digits);
  expect((await cri.images.status(id))?.id).toBe(digits);
  await cri.images.remove(digits);
  expect(fake.calls.at(-1)).toMatchObject({ rpc: "removeImage", request: { image: { image: digits } } });
});

test("CRI-O's answer to a command past its time is a deadline error", async () => {
  await using cri = await client();
  await using pod = await cri.pods.run({ metadata: { name: "pod" } });
  const container = await pod.runContainer({ metadata: { name: "a" }, image: { image } });
  fake.onCall("execSync", () => ({ exitCode: -1, stderr: new TextEncoder().encode("command timed out") }));
  await expect(container.exec(["sleep", "100"], { timeoutMs: 1000 })).rejects.toMatchObject({
    code: "deadline_exceeded",
    message: "Command sleep did not end within its limit of 1000 ms",
  });
});

test("a pod of which CRI-O tells no cores and no memory has those of its containers, and its own traffic", async () => {
  await using cri = await client();
  await using pod = await cri.pods.run({ metadata: { name: "pod" } });
  fake.onCall("podSandboxStats", ({ podSandboxId }) => ({
    stats: {
      attributes: { id: podSandboxId, metadata: { name: "pod" } },
      linux: {
        network: { interfaces: [{ name: "eth0", rxBytes: { value: 626n } }] },
        containers: ["a", "b"].map((id) => ({
          attributes: { id, metadata: { name: id } },
          cpu: { timestamp: 1n, usageCoreNanoSeconds: { value: 2_000_000_000n } },
          memory: { timestamp: 1n, workingSetBytes: { value: 5n } },
        })),
      },
    },
  }));
  expect(await pod.stats()).toMatchObject({
    id: pod.id,
    isSummed: true,
    cpu: { usedSeconds: 4 },
    memory: { workingSetBytes: 10 },
    network: { interfaces: [{ name: "eth0", receivedBytes: 626 }] },
  });
});
