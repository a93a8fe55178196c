import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type ContainerEventResponse, ContainerEventType, ContainerState } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { containerConfig, createContainer, runPod, startContainer } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let left: AbortController;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  left.abort();
  const { items } = await test.runtime.listPodSandbox({});
  await Promise.all(items.map(({ id }) => test.runtime.removePodSandbox({ podSandboxId: id })));
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

interface Heard {
  readonly events: ContainerEventResponse[];
  /** What ended the stream. */
  readonly end: Promise<unknown>;
  /** The types of the events of one container or pod so far. */
  of(id: string): string[];
}

/** A client that reads all. It hears from a first event on that has been made for it. */
async function listen(): Promise<Heard> {
  left = new AbortController();
  const events: ContainerEventResponse[] = [];
  const read = async () => {
    for await (const event of test.runtime.getContainerEvents({}, { signal: left.signal }))
      events.push(event);
  };
  const end = read().catch((error: unknown) => error);
  const pod = await runPod(test);
  await test.runtime.removePodSandbox({ podSandboxId: pod });
  await until("events come", () => events.some(({ containerId }) => containerId === pod));
  return {
    events,
    end,
    of: (id) =>
      events
        .filter(({ containerId }) => containerId === id)
        .map(({ containerEventType }) => ContainerEventType[containerEventType].split("_")[1] ?? ""),
  };
}

const heardAll = (heard: Heard, id: string, last = "DELETED") =>
  until(`${last} is heard`, () => heard.of(id).includes(last));

describe("the events of", () => {
  it("a pod and a container tell each step once, with the whole pod just after it", async () => {
    const heard = await listen();
    const pod = await runPod(test);
    const other = await createContainer(test, pod, containerConfig(["true"]));
    const id = await startContainer(test, pod, containerConfig(["sh", "-c", "exit 3"]));
    await heardAll(heard, id, "STOPPED");
    await test.runtime.removeContainer({ containerId: id });
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    await heardAll(heard, pod);

    expect(heard.of(pod)).toEqual(["CREATED", "STARTED", "STOPPED", "DELETED"]);
    expect(heard.of(id)).toEqual(["CREATED", "STARTED", "STOPPED", "DELETED"]);
    expect(heard.of(other)).toEqual(["CREATED", "DELETED"]);
    const mine = heard.events.filter(({ podSandboxStatus }) => podSandboxStatus?.id === pod);
    const { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED } = ContainerState;
    const told = mine.map((event) => event.containersStatuses.map((status) => [status.id, status.state]));
    expect(told).toEqual([
      [],
      [],
      [[other, CONTAINER_CREATED]],
      [
        [id, CONTAINER_CREATED],
        [other, CONTAINER_CREATED],
      ],
      [
        [id, CONTAINER_RUNNING],
        [other, CONTAINER_CREATED],
      ],
      [
        [id, CONTAINER_EXITED],
        [other, CONTAINER_CREATED],
      ],
      [[other, CONTAINER_CREATED]],
      [[other, CONTAINER_CREATED]],
      [],
      [],
    ]);
    expect(mine.map((event) => event.podSandboxStatus?.state)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    const stopped = mine[5]?.containersStatuses[0];
    expect(stopped).toMatchObject({ exitCode: 3, reason: "Error" });
    const times = mine.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
  });

  it("what is removed by force say that it has ended", async () => {
    const heard = await listen();
    const pod = await runPod(test);
    const one = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const two = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    await test.runtime.removeContainer({ containerId: one });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    await heardAll(heard, pod);
    for (const id of [one, two, pod]) {
      expect(heard.of(id)).toEqual(["CREATED", "STARTED", "STOPPED", "DELETED"]);
    }
  });

  it("a command that cannot be started are its creation and its end", async () => {
    const heard = await listen();
    const pod = await runPod(test);
    const id = await createContainer(test, pod, containerConfig(["/no/such/command"]));
    await expect(test.runtime.startContainer({ containerId: id })).rejects.toThrow();
    await heardAll(heard, id, "STOPPED");
    expect(heard.of(id)).toEqual(["CREATED", "STOPPED"]);
  });

  it("a container that could not be made are none", async () => {
    const heard = await listen();
    const pod = await runPod(test);
    const config = containerConfig(["true"], {
      linux: { securityContext: { runAsUsername: "nobody-of-this-name" } },
    });
    await expect(createContainer(test, pod, config)).rejects.toThrow();
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    await heardAll(heard, pod);
    const created = heard.events.filter(
      ({ containerId, podSandboxStatus, containerEventType }) =>
        podSandboxStatus?.id === pod &&
        containerId !== pod &&
        containerEventType === ContainerEventType.CONTAINER_CREATED_EVENT,
    );
    expect(created).toEqual([]);
  });

  it("a container that is killed from outside are its end", async () => {
    const heard = await listen();
    const pod = await runPod(test);
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const { info } = await test.runtime.containerStatus({ containerId: id, verbose: true });
    process.kill(JSON.parse(info.info ?? "{}").pid, "SIGKILL");
    await heardAll(heard, id, "STOPPED");
    const event = heard.events.findLast(({ containerId }) => containerId === id);
    expect(event?.containersStatuses[0]).toMatchObject({ id, exitCode: 137 });
  });
});

describe("a stream of events", () => {
  it("is forgotten when its client leaves, and others hear on", async () => {
    const heard = await listen();
    const ends = () => test.log.filter((line) => /GetContainerEvents (left|failed)/.test(line)).length;
    const before = ends();
    const iterator = test.runtime.getContainerEvents({})[Symbol.asyncIterator]();
    const first = iterator.next();
    await runPod(test);
    await first;
    await iterator.return?.();
    await until("the runtime knows", () => ends() > before);
    const pod = await runPod(test);
    await heardAll(heard, pod, "STARTED");
  });

  it("ends with `unavailable` at once when the daemon stops; the next daemon tells anew", async () => {
    const heard = await listen();
    const before = performance.now();
    await test.restart();
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(await heard.end).toMatchObject({ code: "unavailable" });
    const again = await listen();
    const pod = await runPod(test);
    await heardAll(again, pod, "STARTED");
    expect(again.of(pod)).toEqual(["CREATED", "STARTED"]);
  });
});
