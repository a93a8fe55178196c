import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CriClient } from "../../src/api/client.js";
import { connect } from "../../src/api/connect.js";
import { UnavailableError, UnsupportedError } from "../../src/errors.js";
import { ContainerEventType, ContainerState } from "../../src/proto.js";
import { until } from "../support/until.js";
import { EventFeed } from "./support/event-feed.js";
import {
  type RuntimeImpl,
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
  versionOf,
} from "./support/serve.js";

const { CONTAINER_STARTED_EVENT, CONTAINER_STOPPED_EVENT } = ContainerEventType;

let directory: TemporaryDirectory;
let server: Served;
let cri: CriClient;
let feed: EventFeed;

beforeEach(async () => {
  directory = await temporaryDirectory();
  feed = new EventFeed();
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function connectTo(services: RuntimeImpl = feed.services()): Promise<void> {
  server = await serve(join(directory.path, "cri.sock"), { ...versionOf("fake"), ...services });
  cri = await connect(server.endpoint);
}

async function endOf(events: AsyncIterable<unknown>): Promise<unknown> {
  try {
    for await (const _ of events);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("events", () => {
  test("tell what happened, to what, and the pod after it", async () => {
    await connectTo();
    const events = cri.events()[Symbol.asyncIterator]();
    const first = events.next();
    await until("it listens", () => feed.listeners === 1);
    const containersStatuses = [{ id: "c", state: ContainerState.CONTAINER_EXITED, exitCode: 3 }];
    const createdAt = 1_700_000_000_123_456_789n;
    feed.tell(CONTAINER_STOPPED_EVENT, "c", "p", { createdAt, containersStatuses });
    const { value } = await first;
    expect(value).toMatchObject({
      type: "stopped",
      kind: "container",
      id: "c",
      createdAt: new Date(1_700_000_000_123),
      pod: { id: "p", state: "ready" },
      containers: [{ id: "c", state: "exited", exitCode: 3 }],
      raw: { containerId: "c", createdAt },
    });
    feed.tell(CONTAINER_STARTED_EVENT, "p", "p");
    feed.tell(CONTAINER_STOPPED_EVENT, "c");
    feed.tell(CONTAINER_STOPPED_EVENT, "c", undefined, { containersStatuses });
    feed.tell(99 as ContainerEventType, "c", "p");
    const kinds: unknown[] = [];
    for await (const { type, kind, pod } of { [Symbol.asyncIterator]: () => events }) {
      if (kinds.push([type, kind, pod?.id]) === 4) break;
    }
    expect(kinds).toEqual([
      ["started", "pod", "p"],
      ["stopped", undefined, undefined],
      ["stopped", "container", undefined],
      ["unknown", "container", "p"],
    ]);
    await until("the runtime knows that the reader has left", () => feed.listeners === 0);
  });

  test("end by the signal, with its own reason, also at the runtime", async () => {
    await connectTo();
    const controller = new AbortController();
    const end = endOf(cri.events({ signal: controller.signal }));
    await until("it listens", () => feed.listeners === 1);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await end).toBe(reason);
    await until("the runtime knows", () => feed.listeners === 0);
  });

  test.each<[string, RuntimeImpl]>([
    ["has no such RPC", {}],
    [
      "says so as an error of no kind",
      {
        // biome-ignore lint/correctness/useYield: it fails before it yields
        async *getContainerEvents() {
          throw new ConnectError("method GetContainerEvents not implemented", Code.Unknown);
        },
      },
    ],
    ["ends the stream at once, as CRI-O does", { async *getContainerEvents() {} }],
  ])("of a runtime that %s are an error to switch on", async (_what, services) => {
    await connectTo(services);
    const error = await endOf(cri.events());
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).toMatchObject({ code: "unsupported", rpc: "GetContainerEvents" });
  });

  test("that the runtime ends later do not pass for the last ones", async () => {
    await connectTo();
    const events = cri.events()[Symbol.asyncIterator]();
    const first = events.next();
    await until("it listens", () => feed.listeners === 1);
    feed.tell(CONTAINER_STARTED_EVENT, "c", "p");
    await first;
    feed.end();
    expect(await endOf({ [Symbol.asyncIterator]: () => events })).toBeInstanceOf(UnavailableError);
  });
});
