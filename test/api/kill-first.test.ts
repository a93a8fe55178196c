import { connect } from "crikit";
import { startFakeRuntime } from "crikit/testing";
import { expect, test } from "vitest";

/** One that gives what runs all the time that the call has, as CRI-O does; it says what was still running. */
async function startPatientRuntime() {
  const fake = await startFakeRuntime({ images: ["app:1"] });
  fake.onCall("version", async (_request, { next }) => ({ ...(await next()), runtimeName: "cri-o" }));
  const waitedFor: string[] = [];
  const wait = async (rpc: string) => {
    const { containers } = await fake.runtime.listContainers({ filter: { state: { state: 1 } } });
    for (const { metadata } of containers) waitedFor.push(`${rpc} for ${metadata?.name}`);
  };
  fake.onCall("stopPodSandbox", (_request, { next }) => wait("stopPodSandbox").then(() => next()));
  fake.onCall("removePodSandbox", (_request, { next }) => wait("removePodSandbox").then(() => next()));
  fake.onCall("removeContainer", (_request, { next }) => wait("removeContainer").then(() => next()));
  return { fake, waitedFor };
}

test.each([
  ["a pod is stopped", "stop"],
  ["a pod is removed", "remove"],
] as const)(
  "CRI-O, which waits for containers until the deadline, has none to wait for when %s",
  async (_what, end) => {
    const { fake, waitedFor } = await startPatientRuntime();
    await using _fake = fake;
    await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
    const pod = await cri.pods.run({ metadata: { name: "pod" } });
    for (const name of ["a", "b"]) await pod.runContainer({ metadata: { name }, image: { image: "app:1" } });
    await pod[end]();
    expect(waitedFor).toEqual([]);
  },
);

test("nor when a container is removed that runs", async () => {
  const { fake, waitedFor } = await startPatientRuntime();
  await using _fake = fake;
  await using cri = await connect(fake.endpoint, { logRoot: fake.logRoot });
  await using pod = await cri.pods.run({ metadata: { name: "pod" } });
  const container = await pod.runContainer({ metadata: { name: "a" }, image: { image: "app:1" } });
  await container.remove();
  expect(waitedFor).toEqual([]);
});
