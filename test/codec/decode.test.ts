import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { StringValueSchema, StructSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../src/codec/decode.js";
import {
  ContainerSchema,
  ContainerStatusSchema,
  ExecSyncResponseSchema,
  file_runtime_v1_api,
  ImageSchema,
  ListContainersResponseSchema,
  VersionResponseSchema,
} from "../../src/proto.js";
import { anyMessage } from "./support/any-message.js";

function outcome(decode: typeof decodeMessage, desc: DescMessage, bytes: Uint8Array) {
  try {
    return decode(desc, bytes);
  } catch (error) {
    return String(error);
  }
}

/** No Buffer, of which protobuf-es would make Buffers. */
function expectSame(desc: DescMessage, encoded: Uint8Array) {
  const bytes = new Uint8Array(encoded);
  expect(outcome(decodeMessage, desc, bytes)).toStrictEqual(outcome(fromBinary, desc, bytes));
}

const messages = file_runtime_v1_api.messages;
const anyDesc = fc.constantFrom(...messages);
const anyEncoded = anyDesc.chain((desc) =>
  fc.record({ desc: fc.constant(desc), bytes: anyMessage(desc).map((message) => toBinary(desc, message)) }),
);

/** Bytes that are put in place of others. */
const anyEdits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 3 }),
    put: fc.uint8Array({ maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
);

function edit(bytes: Uint8Array, { at, cut, put }: { at: number; cut: number; put: Uint8Array }): Uint8Array {
  const start = Math.floor(at * bytes.length);
  return Uint8Array.from([...bytes.subarray(0, start), ...put, ...bytes.subarray(start + cut)]);
}

const anySimilar = fc.constantFrom(
  "",
  "a",
  "b",
  "app-1",
  "app-2",
  "1-app",
  "äpp",
  "äpq",
  "\ufffd",
  "x".repeat(40),
  "y".repeat(500),
  "z".repeat(1024),
  "z".repeat(1025),
);

/** Longer than the lists whose texts are looked for among those of the item before. */
const anyLongList = fc
  .array(
    fc.oneof(
      anyMessage(ContainerSchema),
      fc.record({
        id: anySimilar,
        imageRef: anySimilar,
        image: fc.record({ image: anySimilar }),
        labels: fc.dictionary(anySimilar, anySimilar, { maxKeys: 3 }),
      }),
    ),
    { maxLength: 12 },
  )
  .map((inits) =>
    longList(inits.map((init) => toBinary(ContainerSchema, create(ContainerSchema, init as AnyInit)))),
  );

/** Those of which each field may come twice, the later one counting. */
const anyTwice = fc.array(
  fc.array(
    fc.record({
      id: anySimilar,
      imageRef: anySimilar,
      labels: fc.dictionary(anySimilar, anySimilar, { maxKeys: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  { maxLength: 12 },
);

function longList(containers: readonly Uint8Array[]): Uint8Array {
  const first = toBinary(ContainerSchema, create(ContainerSchema, { id: "x".repeat(20_000) }));
  return Buffer.concat(
    [first, ...containers].map((bytes) => new BinaryWriter().uint32(0x0a).bytes(bytes).finish()),
  );
}

type AnyInit = MessageInitShape<typeof ContainerSchema>;

function bytesOf(...numbers: (number | string)[]): Uint8Array {
  return Uint8Array.from(
    numbers.flatMap((each) => (typeof each === "string" ? [...Buffer.from(each)] : [each])),
  );
}

describe("a message is decoded as protobuf-es does it:", () => {
  it.each(messages.map((desc) => [desc.name, desc] as const))("any %s", (_, desc) => {
    fc.assert(
      fc.property(anyMessage(desc), (message) => expectSame(desc, toBinary(desc, message))),
      { numRuns: 20 },
    );
  });

  it("one behind the other, merged", () => {
    const anyTwo = anyDesc.chain((desc) => fc.tuple(fc.constant(desc), anyMessage(desc), anyMessage(desc)));
    fc.assert(
      fc.property(anyTwo, ([desc, first, second]) => {
        expectSame(desc, Buffer.concat([toBinary(desc, first), toBinary(desc, second)]));
      }),
      { numRuns: 500 },
    );
  });

  it("with fields of messages that it does not know", () => {
    fc.assert(
      fc.property(anyEncoded, anyDesc, ({ bytes }, other) => expectSame(other, bytes)),
      { numRuns: 500 },
    );
  });

  it("cut off anywhere", () => {
    fc.assert(
      fc.property(anyEncoded, fc.double({ min: 0, max: 1, noNaN: true }), ({ desc, bytes }, part) => {
        expectSame(desc, bytes.subarray(0, Math.floor(part * bytes.length)));
      }),
      { numRuns: 500 },
    );
  });

  it("with wrong bytes in it", () => {
    fc.assert(
      fc.property(anyEncoded, anyEdits, ({ desc, bytes }, edits) =>
        expectSame(desc, edits.reduce(edit, bytes)),
      ),
      { numRuns: 1500 },
    );
  });

  it("made of any bytes at all", () => {
    fc.assert(fc.property(anyDesc, fc.uint8Array({ maxLength: 40 }), expectSame), { numRuns: 1500 });
  });

  it("of a list in which texts come again, or nearly", () => {
    fc.assert(
      fc.property(anyLongList, fc.option(anyEdits), (bytes, edits) =>
        expectSame(ListContainersResponseSchema, (edits ?? []).reduce(edit, bytes)),
      ),
      { numRuns: 300 },
    );
  });

  it("of a list in which texts come twice in an item", () => {
    fc.assert(
      fc.property(anyTwice, (items) => {
        const containers = items.map((inits) =>
          Buffer.concat(inits.map((init) => toBinary(ContainerSchema, create(ContainerSchema, init)))),
        );
        expectSame(ListContainersResponseSchema, longList(containers));
      }),
      { numRuns: 300 },
    );
  });

  it("of a list in which every so many a text comes twice, wherever what is made at once ends", () => {
    for (let period = 2; period < 70; period++) {
      const containers = Array.from({ length: 400 }, (_, index) => ({
        imageRef: `${index - Math.floor(index / period)}`.padStart(64, "0"),
      }));
      const list = create(ListContainersResponseSchema, { containers });
      expectSame(ListContainersResponseSchema, toBinary(ListContainersResponseSchema, list));
    }
  });

  it("with more texts than are made at once", () => {
    const repoTags = Array.from({ length: 200 }, (_, index) => `registry.example/app:${index}`);
    expectSame(ImageSchema, toBinary(ImageSchema, create(ImageSchema, { repoTags })));
  });

  it.each<[string, DescMessage, Uint8Array]>([
    ["a number of five bytes too many", ContainerSchema, bytesOf(0x30, ...Array(9).fill(0x80), 1)],
    ["a number longer than any", ContainerSchema, bytesOf(0x30, ...Array(10).fill(0x80), 1)],
    ["a group", ContainerSchema, bytesOf(0xa3, 1, 0x08, 1, 0xa4, 1)],
    ["a group without an end", ContainerSchema, bytesOf(0xa3, 1, 0x08, 1)],
    ["a text that is no UTF-8", VersionResponseSchema, bytesOf(0x0a, 2, 0xc3, 0x28)],
    ["a text with what stands for wrong bytes", VersionResponseSchema, bytesOf(0x0a, 3, 0xef, 0xbf, 0xbd)],
    [
      "a key that comes twice",
      ContainerSchema,
      bytesOf(0x42, 6, 0x0a, 1, "a", 0x12, 1, "1", 0x42, 6, 0x0a, 1, "a", 0x12, 1, "2"),
    ],
    ["a value without a key", ContainerSchema, bytesOf(0x42, 3, 0x12, 1, "1")],
    [
      "a key that comes again without a value",
      ContainerSchema,
      bytesOf(0x42, 6, 0x0a, 1, "a", 0x12, 1, "1", 0x42, 3, 0x0a, 1, "a"),
    ],
    ["a value before its key", ContainerSchema, bytesOf(0x42, 6, 0x12, 1, "1", 0x0a, 1, "a")],
    ["a key without a value", ContainerSchema, bytesOf(0x42, 3, 0x0a, 1, "a")],
    ["an entry with more", ContainerSchema, bytesOf(0x42, 5, 0x0a, 1, "a", 0x18, 1)],
    [
      "a message that ends in its parent's end",
      ListContainersResponseSchema,
      bytesOf(0x0a, 3, 0x0a, 9, "a", "bcdefgh"),
    ],
    ["numbers one by one", ContainerStatusSchema, bytesOf(0x88, 1, 1, 0x88, 1, 2)],
  ])("%s", (_, desc, bytes) => expectSame(desc, bytes));

  it("kinds of messages that are not CRI's", () => {
    const struct = create(StructSchema, {
      fields: { a: { kind: { case: "listValue", value: { values: [] } } } },
    });
    expectSame(StructSchema, toBinary(StructSchema, struct));
    expectSame(StringValueSchema, toBinary(StringValueSchema, create(StringValueSchema, { value: "text" })));
  });
});

describe("a decoded message", () => {
  it("has the fields that came, also when messages of its kind differ", () => {
    const inits = [
      { image: { image: "a" } },
      { metadata: { name: "a" } },
      {},
      { metadata: {}, image: {} },
      { id: "1" },
    ];
    for (const init of [...inits, ...inits.reverse()]) {
      const message = create(ContainerSchema, init);
      const decoded = decodeMessage(ContainerSchema, toBinary(ContainerSchema, message));
      expect(Object.keys(decoded).sort()).toEqual(Object.keys(message).sort());
      expect(decoded).toStrictEqual(message);
    }
  });

  it("shares nothing with another that can be changed", () => {
    const bytes = toBinary(ContainerSchema, create(ContainerSchema, {}));
    const [first, second] = [1, 2].map(() => decodeMessage(ContainerSchema, bytes));
    if (first) first.labels.app = "web";
    expect(second?.labels).toEqual({});
  });

  it("holds nothing of what came, which is used for the next", () => {
    const encoded = toBinary(
      ExecSyncResponseSchema,
      create(ExecSyncResponseSchema, { stdout: Buffer.from("out"), exitCode: 1 }),
    );
    const unknown = new BinaryWriter().tag(1000, 2).string("later").finish();
    // A packed list where one number is expected: left to protobuf-es.
    const rare = new BinaryWriter().tag(3, 2).bytes(Uint8Array.of(1)).finish();
    for (const end of [new Uint8Array(), rare]) {
      const bytes = new Uint8Array(Buffer.concat([encoded, unknown, end]));
      const expected = outcome(fromBinary, ExecSyncResponseSchema, bytes.slice());
      const decoded = outcome(decodeMessage, ExecSyncResponseSchema, bytes);
      bytes.fill(0xee);
      expect(decoded).toStrictEqual(expected);
    }
  });
});
