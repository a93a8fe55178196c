import { expect, test } from "vitest";
import { createRuntimeClient } from "../../src/services/runtime-client.js";
import { giveBack, takeBuffer } from "../../src/transport/message-buffers.js";
import { serveRuntime } from "../services/support.js";
import { ownTransport } from "./support/subjects.js";

const largeBytes = 256 * 1024;

test("a large buffer that is back is given for the next message that it has room for, and to no other meanwhile", () => {
  const first = takeBuffer(largeBytes);
  giveBack(first);
  const second = takeBuffer(largeBytes - 1);
  expect(second.buffer).toBe(first.buffer);
  expect(second).toHaveLength(largeBytes - 1);
  expect(takeBuffer(largeBytes).buffer).not.toBe(first.buffer);
  giveBack(second);
  const longer = takeBuffer(2 * largeBytes);
  expect(longer).toHaveLength(2 * largeBytes);
  expect(longer.buffer).not.toBe(first.buffer);
});

test("a small message has a buffer of its own", () => {
  const first = takeBuffer(100);
  giveBack(first);
  expect(takeBuffer(100).buffer).not.toBe(first.buffer);
  expect(first.buffer.byteLength).toBe(100);
});

test("a large answer keeps its bytes when others come after it", async () => {
  const output = (id: string) => new Uint8Array(Buffer.alloc(largeBytes, id));
  await using server = await serveRuntime({
    execSync: ({ containerId }) => ({ stdout: output(containerId) }),
  });
  const client = createRuntimeClient(ownTransport.open(server.path));
  const call = async (containerId: string) => (await client.execSync({ containerId, cmd: ["cat"] })).stdout;
  const outputs = [await call("a"), ...(await Promise.all(["b", "c"].map(call))), await call("d")];
  const isOwn = ["a", "b", "c", "d"].map(
    (id, index) => Buffer.compare(outputs[index] as Uint8Array, output(id)) === 0,
  );
  expect(isOwn).toEqual([true, true, true, true]);
});
