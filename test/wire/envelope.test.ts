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

test("`EnvelopeReader` takes a message in many chunks in linear time", () => {
  const timeOf = (length: number) => {
    const envelope = encodeEnvelope(new Uint8Array(length));
    const chunks = Array.from({ length: length / 64 }, (_, index) =>
      envelope.subarray(index * 64, index * 64 + 64),
    );
    // The shortest of some: what the machine does besides must not count.
    const times = Array.from({ length: 4 }, () => {
      const start = performance.now();
      read(length, [...chunks, envelope.subarray(length)]);
      return performance.now() - start;
    });
    return Math.min(...times);
  };
  // Copying what is there for each chunk would take 256 times as long.
  expect(timeOf(2 ** 24)).toBeLessThan(100 * Math.max(1, timeOf(2 ** 20)));
});
