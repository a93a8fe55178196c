import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { Events, type LifecycleEvent } from "../../../src/runtime/lifecycle/events.js";
import type { ContainerRecord } from "../../../src/runtime/state/container-record.js";
import type { SandboxRecord } from "../../../src/runtime/state/sandbox-record.js";
import { RecordStore } from "../../../src/runtime/state/store.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-events-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function open<T extends { id: string }>(kind: string): Promise<RecordStore<T>> {
  return (await RecordStore.open<T>({ directory: join(directory, kind), kind, version: 1 })).store;
}

const record: ContainerRecord = {
  id: "c",
  name: "c",
  sandboxId: "p",
  metadata: { name: "c", attempt: 0 },
  labels: {},
  annotations: {},
  config: {},
  image: { asked: "", id: "", ref: "", layers: [] },
  user: { uid: 0, gid: 0, additionalGids: [] },
  stopSignal: "SIGTERM",
  ownPidNamespace: true,
  cgroupParent: "",
  createdAt: "1",
};

it("a client that does not read is cut off and told so; for one that reads nothing is lost", async () => {
  const containers = await open<ContainerRecord>("container");
  const events = new Events({ containers, sandboxes: await open<SandboxRecord>("sandbox") });
  const slow = events.subscribe()[Symbol.asyncIterator]();
  const fast = events.subscribe();
  const heard: LifecycleEvent[] = [];
  const reading = (async () => {
    for await (const event of fast) if (heard.push(event) === 1200) break;
  })();
  await containers.put(record);
  for (let round = 0; round < 600; round += 1) {
    await containers.update("c", { startedAt: "2" });
    await containers.update("c", { finishedAt: "3" });
    await containers.update("c", { startedAt: undefined, finishedAt: undefined });
  }
  await reading;
  expect(heard.map(({ type }) => type)).toEqual(
    Array.from({ length: 1200 }, (_, index) => (index % 2 === 0 ? "started" : "stopped")),
  );
  expect(new Set(heard.map(({ at }) => at)).size).toBe(1200);
  await expect(slow.next()).rejects.toMatchObject({ code: "resource_exhausted" });
});
