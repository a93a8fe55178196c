import { expect, test } from "vitest";
import { EnvelopeReader, encodeEnvelope } from "../../src/wire/envelope.js";

function read(maxMessageBytes: number, chunks: Uint8Array[]) {
  const seen: (string | Uint8Array)[] = [];
  const reader = new EnvelopeReader(maxMessageBytes, {
    onMessage: (message) => seen.push(message),
    onTooLong: (length) => seen.push(`too long: ${length}`),
    onCompressed: () => seen.push("compressed"),
  });
  for (const chunk of chunks) {
    const own = Uint8Array.from(chunk);
    reader.push(own);
    // What was not copied is lost.
    own.fill(0xee);
  }
  return { seen, isInsideMessage: reader.isInsideMessage };
}

const messages = [Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.of(4)];
const bytes = Buffer.concat(messages.map(encodeEnvelope));

test("`EnvelopeReader` gives the same messages wherever the bytes are cut", () => {
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      expect(read(10, chunks)).toEqual({ seen: messages, isInsideMessage: false });
    }
  }
});

test("`EnvelopeReader` knows that it is inside a message", () => {
  expect(read(10, [bytes.subarray(0, 3)]).isInsideMessage).toBe(true);
  expect(read(10, [bytes.subarray(0, 7)]).isInsideMessage).toBe(true);
});

test("`EnvelopeReader` stops at the announcement of a message above the limit", () => {
  const announced = Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff);
  expect(read(10, [announced, bytes]).seen).toEqual([`too long: ${0xffffffff}`]);
  expect(read(2, [bytes]).seen).toEqual(["too long: 3"]);
});

test("`EnvelopeReader` gives plain byte arrays", () => {
  const [message] = read(10, [encodeEnvelope(Uint8Array.of(1))]).seen;
  expect(Buffer.isBuffer(message)).toBe(false);
});

test("`EnvelopeReader` copies each byte of a message in many chunks once, into one buffer", () => {
  const length = 2 ** 20;
  const made: number[] = [];
  let copiedBytes = 0;
  class CountedBytes extends Uint8Array {
    override set(from: ArrayLike<number>, offset?: number): void {
      copiedBytes += from.length;
      super.set(from, offset);
    }
  }
  const messages: Uint8Array[] = [];
  const sink = {
    onMessage: (message: Uint8Array) => messages.push(message),
    onTooLong() {},
    onCompressed() {},
  };
  const reader = new EnvelopeReader(length, sink, (size) => {
    made.push(size);
    return new CountedBytes(size);
  });
  const sent = Uint8Array.from({ length }, (_, index) => index);
  const envelope = encodeEnvelope(sent);
  for (let start = 0; start < envelope.length; start += 64) reader.push(envelope.subarray(start, start + 64));
  expect([made, copiedBytes]).toEqual([[length], length]);
  expect(messages).toEqual([expect.any(CountedBytes)]);
  expect(Buffer.compare(messages[0] ?? sent.subarray(1), sent)).toBe(0);
});
