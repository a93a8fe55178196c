import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  CriError,
  DeadlineError,
  InvalidArgumentError,
  NotFoundError,
  UnsupportedError,
} from "../../src/errors.js";
import { ImageService, RuntimeService } from "../../src/proto.js";
import { createImageClient } from "../../src/services/image-client.js";
import { createRuntimeClient } from "../../src/services/runtime-client.js";
import { connectNodeTransport, ownTransport } from "../transport/support/subjects.js";
import { serveRuntime } from "./support.js";

/** Sends one event and then none until the call is ended, which it tells. */
function endlessEvents() {
  const state = { calls: 0, ended: undefined as unknown as Promise<void> };
  let onEnd: () => void;
  state.ended = new Promise((resolve) => {
    onEnd = resolve;
  });
  async function* getContainerEvents(_request: unknown, { signal }: HandlerContext) {
    state.calls += 1;
    signal.addEventListener("abort", () => onEnd());
    yield { containerId: "first" };
    await state.ended;
  }
  return { state, getContainerEvents };
}

describe.each([ownTransport, connectNodeTransport])("the service clients over $name", (subject) => {
  test("have every RPC of both services", async () => {
    await using server = await serveRuntime({});
    const connection = subject.open(server.path);
    expect(Object.keys(createRuntimeClient(connection)).sort()).toEqual(
      Object.keys(RuntimeService.method).sort(),
    );
    expect(Object.keys(createImageClient(connection)).sort()).toEqual(
      Object.keys(ImageService.method).sort(),
    );
  });

  test("send and give plain messages", async () => {
    await using server = await serveRuntime(
      { podSandboxStatus: ({ podSandboxId }) => ({ status: { id: podSandboxId, createdAt: 7n } }) },
      { pullImage: ({ image }) => ({ imageRef: image?.image ?? "" }) },
    );
    const connection = subject.open(server.path);
    const { status } = await createRuntimeClient(connection).podSandboxStatus({ podSandboxId: "p" });
    expect(status).toMatchObject({ id: "p", createdAt: 7n });
    const { imageRef } = await createImageClient(connection).pullImage({ image: { image: "busybox" } });
    expect(imageRef).toBe("busybox");
  });

  test("throw CriErrors that name the RPC and the endpoint", async () => {
    await using server = await serveRuntime({
      stopContainer() {
        throw new ConnectError("no such container", Code.NotFound);
      },
    });
    const call = createRuntimeClient(subject.open(server.path)).stopContainer({ containerId: "c" });
    await expect(call).rejects.toThrow(NotFoundError);
    await expect(call).rejects.toMatchObject({
      message: "StopContainer: no such container",
      rpc: "StopContainer",
      endpoint: `unix://${server.path}`,
    });
  });

  test("name an RPC that the runtime does not serve, unary or streaming", async () => {
    await using server = await serveRuntime({});
    const client = createRuntimeClient(subject.open(server.path));
    await expect(client.checkpointPod({})).rejects.toThrow(UnsupportedError);
    const stream = client.streamContainers({})[Symbol.asyncIterator]();
    await expect(stream.next()).rejects.toThrow(UnsupportedError);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("end a stream at the runtime when the loop is left", async () => {
    const { state, getContainerEvents } = endlessEvents();
    await using server = await serveRuntime({ getContainerEvents });
    for await (const event of createRuntimeClient(subject.open(server.path)).getContainerEvents({})) {
      expect(event.containerId).toBe("first");
      break;
    }
    await state.ended;
  });

  test("end a stream at the runtime when its reader leaves while it waits", async () => {
    const { state, getContainerEvents } = endlessEvents();
    await using server = await serveRuntime({ getContainerEvents });
    const client = createRuntimeClient(subject.open(server.path));
    const events = client.getContainerEvents({})[Symbol.asyncIterator]();
    await events.next();
    const waiting = events.next();
    await events.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await state.ended;
  });

  test("make the call of a stream when it is first read, once for each loop", async () => {
    const { state, getContainerEvents } = endlessEvents();
    await using server = await serveRuntime({ getContainerEvents });
    const events = createRuntimeClient(subject.open(server.path)).getContainerEvents({});
    expect(state.calls).toBe(0);
    for await (const _ of events) break;
    for await (const _ of events) break;
    expect(state.calls).toBe(2);
  });

  test("throw the signal's own reason from calls and streams", async () => {
    const { state, getContainerEvents } = endlessEvents();
    await using server = await serveRuntime({ getContainerEvents, version: () => new Promise(() => {}) });
    const client = createRuntimeClient(subject.open(server.path));
    const controller = new AbortController();
    const reason = new Error("enough");
    const call = client.version({}, { signal: controller.signal });
    const events = client.getContainerEvents({}, { signal: controller.signal })[Symbol.asyncIterator]();
    await events.next();
    const waiting = events.next();
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(waiting).rejects.toBe(reason);
    await state.ended;
  });

  test("throw a user's timeout as an abort, and a deadline as a deadline", async () => {
    await using server = await serveRuntime({ version: () => new Promise(() => {}) });
    const client = createRuntimeClient(subject.open(server.path));
    await expect(client.version({}, { signal: AbortSignal.timeout(50) })).rejects.toHaveProperty(
      "name",
      "TimeoutError",
    );
    const late = client.version({}, { timeoutMs: 50 });
    await expect(late).rejects.toThrow(DeadlineError);
    await expect(late).rejects.toThrow("Version was not done within 50 ms");
  });

  test("fail with the code closed after close", async () => {
    const { getContainerEvents } = endlessEvents();
    await using server = await serveRuntime({ getContainerEvents, version: () => new Promise(() => {}) });
    const connection = subject.open(server.path);
    const client = createRuntimeClient(connection);
    const events = client.getContainerEvents({})[Symbol.asyncIterator]();
    await events.next();
    const calls = [client.version({}), events.next()];
    connection.close();
    await connection.closed;
    calls.push(client.version({}));
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "closed" });
    await expect(calls[0]).rejects.toThrow(CriError);
  });

  test("refuse a time limit that is none", async () => {
    await using server = await serveRuntime({ version: () => ({}) });
    const connection = subject.open(server.path);
    for (const timeoutMs of [-1, Number.NaN]) {
      await expect(createRuntimeClient(connection).version({}, { timeoutMs })).rejects.toThrow(
        InvalidArgumentError,
      );
      expect(() => createRuntimeClient(connection, { timeoutMs })).toThrow(InvalidArgumentError);
    }
  });
});
