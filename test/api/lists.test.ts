import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CriClient } from "../../src/api/client.js";
import { connect } from "../../src/api/connect.js";
import { type Container, ContainerSchema, StreamContainersResponseSchema } from "../../src/proto.js";
import { listParts } from "../../src/streaming/list-parts.js";
import { until } from "../support/until.js";
import {
  type ImageImpl,
  type RuntimeImpl,
  type Served,
  serve,
  type TemporaryDirectory,
  temporaryDirectory,
  versionOf,
} from "./support/serve.js";

let directory: TemporaryDirectory;
let server: Served;
let cri: CriClient;
/** The list RPCs that were called. */
let calls: string[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  calls = [];
});

afterEach(async () => {
  await cri[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function connectTo(runtime: RuntimeImpl, image?: ImageImpl): Promise<void> {
  server = await serve(join(directory.path, "cri.sock"), { ...versionOf("fake"), ...runtime }, image);
  cri = await connect(server.endpoint);
}

function container(number: number): Container {
  const metadata = { name: `c${number}`, attempt: 0 };
  return create(ContainerSchema, { id: `id${number}`, metadata, createdAt: BigInt(number) });
}

/** With so much said of each that a few thousand are more than a message holds. */
function wordy(count: number): Container[] {
  const annotations = { text: "x".repeat(2000) };
  return Array.from({ length: count }, (_, index) =>
    create(ContainerSchema, { ...container(index), annotations }),
  );
}

function failing(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

const unary: RuntimeImpl = {
  listContainers() {
    calls.push("unary");
    return { containers: [1, 3, 2].map(container) };
  },
};

const streaming: RuntimeImpl = {
  async *streamContainers() {
    calls.push("stream");
    yield { containers: [1, 3].map(container) };
    yield { containers: [2].map(container) };
  },
};

async function streamed(): Promise<string[]> {
  const ids = [];
  for await (const { id } of cri.containers.stream()) ids.push(id);
  return ids;
}

const listed = async () => (await cri.containers.list()).map(({ id }) => id);

describe("a runtime that streams its lists", () => {
  test("is listed by stream: sorted by `list`, as it comes by `stream`", async () => {
    await connectTo({ ...unary, ...streaming });
    expect(await listed()).toEqual(["id3", "id2", "id1"]);
    expect(await streamed()).toEqual(["id1", "id3", "id2"]);
    expect(calls).toEqual(["stream", "stream"]);
    expect(cri.capabilities()).toEqual({ version: true, streamContainers: true });
  });

  test("is asked for one container, or those of one pod, by the unary RPC, which is quicker", async () => {
    await connectTo({ ...unary, ...streaming });
    const id = "a".repeat(64);
    await cri.containers.list({ pod: id });
    await cri.containers.list({ id });
    expect(calls).toEqual(["unary", "unary"]);
    await cri.containers.list({ pod: "a" });
    expect(calls).toEqual(["unary", "unary", "stream"]);
  });

  test("may have nothing to list", async () => {
    await connectTo({ ...unary, async *streamContainers() {} });
    expect(await listed()).toEqual([]);
    expect(calls).toEqual([]);
  });

  test("sends more than one message holds, where the unary list is a typed error", async () => {
    const many = wordy(10_000);
    await connectTo({
      listContainers: () => ({ containers: many }),
      async *streamContainers() {
        for (const containers of listParts(ContainerSchema, many)) yield { containers };
      },
    });
    await expect(cri.runtime.listContainers({})).rejects.toMatchObject({
      code: "resource_exhausted",
      rpc: "ListContainers",
    });
    const containers = await cri.containers.list();
    expect(containers.length).toBe(10_000);
    expect(containers[0]?.id).toBe("id9999");
  });

  test("sees the end of the call when the reader leaves the loop", async () => {
    let ended = false;
    await connectTo({
      async *streamContainers(_request, { signal }) {
        try {
          while (!signal.aborted) {
            yield { containers: [container(1)] };
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
        } finally {
          ended = true;
        }
      },
    });
    for await (const { id } of cri.containers.stream()) {
      expect(id).toBe("id1");
      break;
    }
    await until("the runtime to see the end", () => ended);
  });

  test("that does not get on with it fails `list` by its deadline, an abort by its reason", async () => {
    await connectTo({
      async *streamContainers(_request, { signal }) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        yield {};
      },
    });
    await cri[Symbol.asyncDispose]();
    cri = await connect(server.endpoint, { callTimeoutMs: 200 });
    await expect(cri.containers.list()).rejects.toMatchObject({ code: "deadline_exceeded" });
    const signal = AbortSignal.timeout(100);
    await expect(cri.containers.stream({}, { signal }).next()).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  test("fails as any call does when it has an error of another kind", async () => {
    await connectTo({
      ...unary,
      streamContainers: () => failing(new ConnectError("broken", Code.Internal)),
    });
    await expect(cri.containers.list()).rejects.toMatchObject({ code: "internal", rpc: "StreamContainers" });
    expect(calls).toEqual([]);
  });
});

describe("images", () => {
  const parts = async function* () {
    calls.push("stream");
    yield { images: [{ id: "b" }] };
    yield { images: [{ id: "a" }] };
  };
  const streamedImages = async (filter = {}) => {
    const ids = [];
    for await (const { id } of cri.images.stream(filter)) ids.push(id);
    return ids;
  };

  test("are streamed as the runtime sends them", async () => {
    await connectTo({}, { streamImages: parts });
    expect(await streamedImages()).toEqual(["b", "a"]);
    expect((await cri.images.list()).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(calls).toEqual(["stream", "stream"]);
  });

  test("are told by the unary list where the runtime has no other, and one by its name", async () => {
    const image = { id: "a", repoTags: ["demo:1"] };
    await connectTo(
      {},
      {
        listImages: () => ({ images: [{ id: "b" }, image] }),
        imageStatus: (request) => (request.image?.image === "docker.io/library/demo:1" ? { image } : {}),
      },
    );
    expect(await streamedImages()).toEqual(["b", "a"]);
    expect(await streamedImages({ image: "demo:1" })).toEqual(["a"]);
    expect(await streamedImages({ image: "other:1" })).toEqual([]);
    expect(cri.capabilities()).toMatchObject({ streamImages: false, listImages: true });
  });

  test("of a stream that is given up in the middle are listed by the unary RPC, and `stream` says so", async () => {
    await connectTo(
      {},
      {
        async *streamImages() {
          yield* parts();
          throw new ConnectError("not implemented", Code.Unimplemented);
        },
        listImages: () => ({ images: [{ id: "b" }, { id: "a" }] }),
      },
    );
    await expect(streamedImages()).rejects.toMatchObject({ code: "unsupported", rpc: "StreamImages" });
    await using other = await connect(server.endpoint);
    expect((await other.images.list()).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(await streamedImages()).toEqual(["b", "a"]);
    expect(calls).toEqual(["stream", "stream"]);
  });

  test("see the end of the call when the reader leaves the loop", async () => {
    let ended = false;
    await connectTo(
      {},
      {
        async *streamImages(_request, { signal }) {
          try {
            while (!signal.aborted) {
              yield { images: [{ id: "a" }] };
              await new Promise((resolve) => setTimeout(resolve, 10));
            }
          } finally {
            ended = true;
          }
        },
      },
    );
    for await (const _image of cri.images.stream()) break;
    await until("the runtime to see the end", () => ended);
  });
});

describe("a runtime without streaming lists", () => {
  test("is asked once for each list, and listed by the unary one", async () => {
    await connectTo({ ...unary, listPodSandbox: () => ({ items: [{ id: "pod" }] }) });
    expect(await listed()).toEqual(["id3", "id2", "id1"]);
    expect(cri.capabilities()).toEqual({ version: true, streamContainers: false, listContainers: true });
    expect(await streamed()).toEqual(["id1", "id3", "id2"]);
    expect((await cri.pods.list()).map(({ id }) => id)).toEqual(["pod"]);
    expect(cri.capabilities()).toMatchObject({ streamPodSandboxes: false, listPodSandbox: true });
  });

  test("is not asked again on the same connection, and is on another", async () => {
    const refused: RuntimeImpl = {
      streamContainers() {
        calls.push("stream");
        return failing(new ConnectError("unknown method", Code.Unimplemented));
      },
    };
    await connectTo({ ...unary, ...refused });
    await listed();
    await streamed();
    expect(calls).toEqual(["stream", "unary", "unary"]);
    await using other = await connect(server.endpoint);
    await other.containers.list();
    expect(calls).toEqual(["stream", "unary", "unary", "stream", "unary"]);
  });

  test("that has neither is the unsupported error", async () => {
    await connectTo({});
    await expect(cri.containers.list()).rejects.toMatchObject({ code: "unsupported", rpc: "ListContainers" });
  });

  test("may list its images in any order: `list` sorts them by name, those without one last", async () => {
    const images = [{ id: "a" }, { id: "b", repoTags: ["b:1"] }, { id: "c", repoTags: ["a:1", "z:1"] }];
    await connectTo({}, { listImages: () => ({ images }) });
    expect((await cri.images.list()).map(({ id }) => id)).toEqual(["c", "b", "a"]);
    expect(cri.capabilities()).toMatchObject({ streamImages: false, listImages: true });
  });
});

describe("a runtime that gives up a stream in the middle", () => {
  const givesUp: RuntimeImpl = {
    async *streamContainers() {
      calls.push("stream");
      yield { containers: [1, 3].map(container) };
      throw new ConnectError("not implemented", Code.Unimplemented);
    },
  };

  test("is listed by the unary RPC: no container twice", async () => {
    await connectTo({ ...unary, ...givesUp });
    expect(await listed()).toEqual(["id3", "id2", "id1"]);
    expect(calls).toEqual(["stream", "unary"]);
  });

  test("tells `stream` so, which does without the next time", async () => {
    await connectTo({ ...unary, ...givesUp });
    await expect(streamed()).rejects.toMatchObject({ code: "unsupported" });
    expect(await streamed()).toEqual(["id1", "id3", "id2"]);
  });
});

test("parts of a list hold 1 MiB, or one item that is larger", () => {
  const parts = [...listParts(ContainerSchema, wordy(1200))];
  const sizes = parts.map(
    (containers) =>
      toBinary(StreamContainersResponseSchema, create(StreamContainersResponseSchema, { containers })).length,
  );
  expect(sizes.length).toBe(3);
  for (const size of sizes) expect(size).toBeLessThan(1.01 * 1024 * 1024);
  expect(parts.flat().length).toBe(1200);
  const huge = create(ContainerSchema, { annotations: { text: "x".repeat(2 * 1024 * 1024) } });
  expect([...listParts(ContainerSchema, [huge, container(1), huge])].map(({ length }) => length)).toEqual([
    1, 1, 1,
  ]);
  expect([...listParts(ContainerSchema, [])]).toEqual([]);
});
