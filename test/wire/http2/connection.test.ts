import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeHeaders } from "../../../src/wire/http2/hpack/header-encoder.js";
import { errorCodes, frameTypes, settingIds } from "../../../src/wire/http2/protocol.js";
import { anyPlaces, cuts } from "../support.js";
import {
  answer,
  data,
  flag,
  frame,
  goaway,
  Heard,
  headers,
  healthyPeer,
  rstStream,
  settings,
  TestPeer,
  wholeAnswer,
  windowUpdate,
  words,
} from "./support.js";

const response = { ":status": "200" };
const bytesOf = (type: "data") => [type, (each: { payload: Buffer }) => each.payload.length] as const;

describe("a connection of HTTP/2", () => {
  it("begins with the preface, settings without push and a large window", async () => {
    const peer = new TestPeer();
    const [first, second] = await peer.frames();
    expect(Buffer.concat(peer.socket.written).toString("latin1")).toMatch(
      /^PRI \* HTTP\/2\.0\r\n\r\nSM\r\n\r\n/,
    );
    expect(first).toMatchObject({ type: frameTypes.settings, flags: 0, streamId: 0 });
    expect(first?.payload.subarray(0, 6)).toEqual(Buffer.from([0, settingIds.enablePush, 0, 0, 0, 0]));
    expect(second).toMatchObject({ type: frameTypes.windowUpdate, streamId: 0 });
  });

  it("acknowledges settings and pings, and says once that the peer is healthy", async () => {
    const peer = new TestPeer();
    await peer.frames();
    await peer.send(settings(), settings(), frame(frameTypes.ping, 0, 0, "12345678"));
    expect(peer.healthy).toBe(1);
    const acks = await peer.frames();
    expect(acks.map(({ type, flags }) => [type, flags])).toEqual([
      [frameTypes.settings, flag.ack],
      [frameTypes.settings, flag.ack],
      [frameTypes.ping, flag.ack],
    ]);
    expect(acks[2]?.payload.toString()).toBe("12345678");
  });

  it("passes over acknowledgements, priorities and frames of unknown types", async () => {
    const peer = await healthyPeer();
    const { heard } = peer.request();
    await peer.send(
      frame(frameTypes.settings, flag.ack, 0),
      frame(frameTypes.ping, flag.ack, 0, "12345678"),
      frame(2, 0, 1, "12345"),
      frame(0xbe, 0xff, 77, "what is this"),
      answer(1),
    );
    expect(heard).toEqual(wholeAnswer);
  });

  it("writes the frames of one turn at once", async () => {
    const peer = await healthyPeer();
    const before = peer.socket.written.length;
    for (let count = 0; count < 32; count++) peer.request();
    await peer.frames();
    expect(peer.socket.written.length - before).toBe(1);
  });

  it("hears the same of an answer wherever its bytes are cut", async () => {
    const block = encodeHeaders([
      [":status", "200"],
      ["x-long", "y".repeat(300)],
    ]);
    const padding = (bytes: Uint8Array) => Buffer.concat([Buffer.of(7), bytes, Buffer.alloc(7)]);
    const bytes = Buffer.concat([
      settings(),
      headers(1, { ":status": "103", link: "x" }),
      frame(
        frameTypes.headers,
        flag.padded | flag.priority,
        1,
        padding(Buffer.concat([Buffer.alloc(5), block.subarray(0, 5)])),
      ),
      frame(frameTypes.continuation, 0, 1, block.subarray(5, 200)),
      frame(frameTypes.continuation, flag.endHeaders, 1, block.subarray(200)),
      data(1, "a".repeat(100)),
      frame(frameTypes.data, flag.padded, 1, padding(Buffer.from("b".repeat(30)))),
      frame(frameTypes.data, flag.padded, 1, padding(Buffer.alloc(0))),
      frame(0x99, 0, 0, "unknown"),
      data(1, ""),
      headers(1, { "grpc-status": "0" }, flag.end),
    ]);
    const expected = [
      ["response", { ":status": "200", "x-long": "y".repeat(300) }],
      ["data", "a".repeat(100) + "b".repeat(30)],
      ["trailers", { "grpc-status": "0" }],
      ["close", 0],
    ];
    const heardOf = async (pieces: Buffer[]) => {
      const peer = new TestPeer();
      const { heard } = peer.request();
      for (const piece of pieces) peer.socket.emit("data", piece);
      expect(peer.ended).toEqual([]);
      return heard;
    };
    expect(await heardOf([...bytes].map((byte) => Buffer.of(byte)))).toEqual(expected);
    for (let place = 0; place <= bytes.length; place++) {
      expect(await heardOf([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(expected);
    }
    await fc.assert(
      fc.asyncProperty(anyPlaces, async (places) => {
        expect(await heardOf(cuts(bytes, places))).toEqual(expected);
      }),
    );
  });

  it("takes a status in the only header block as the end", async () => {
    const peer = await healthyPeer();
    const { heard } = peer.request();
    await peer.send(headers(1, { ...response, "grpc-status": "5" }, flag.end));
    expect(heard).toEqual([
      ["response", { ...response, "grpc-status": "5" }],
      ["close", 0],
    ]);
  });

  it("refs its socket while a stream is open or waits, and only then", async () => {
    const peer = await healthyPeer(1, [settingIds.maxConcurrentStreams, 1]);
    expect(peer.socket.isRef).toBe(false);
    peer.request();
    peer.request();
    await peer.send(answer(1));
    expect(peer.socket.isRef).toBe(true);
    await peer.send(answer(3));
    expect(peer.socket.isRef).toBe(false);
    const { stream } = peer.request();
    stream.reset(errorCodes.CANCEL);
    stream.reset(errorCodes.CANCEL);
    expect(peer.socket.isRef).toBe(false);
  });

  it("resets a stream that is left, hears no more of it, and reads its header blocks all the same", async () => {
    const peer = await healthyPeer();
    const { stream, heard } = peer.request();
    stream.reset(errorCodes.CANCEL);
    const resets = await peer.framesOf("rstStream", ({ streamId, payload }) => [
      streamId,
      payload.readUInt32BE(),
    ]);
    expect(resets).toEqual([[1, errorCodes.CANCEL]]);
    const next = peer.request();
    // The first stream's header puts `x: y` in the table, the second's names it there.
    const block = Buffer.from([0x88, 0x40, 1, 0x78, 1, 0x79]);
    await peer.send(
      frame(frameTypes.headers, flag.endHeaders, 1, block),
      data(1, "late"),
      rstStream(1, errorCodes.CANCEL),
      windowUpdate(1, 10),
      frame(frameTypes.headers, flag.endHeaders, 3, Buffer.from([0x88, 0xbe])),
    );
    expect(heard).toEqual([]);
    expect(next.heard).toEqual([["response", { ...response, x: "y" }]]);
  });

  it("tells of a reset by the peer", async () => {
    const peer = await healthyPeer();
    const { heard } = peer.request();
    await peer.send(rstStream(1, errorCodes.ENHANCE_YOUR_CALM));
    expect(heard).toEqual([["close", errorCodes.ENHANCE_YOUR_CALM]]);
  });
});

describe("requests", () => {
  it("above the number that the peer takes at once wait for their turn, and can be left before it", async () => {
    const peer = await healthyPeer(1, [settingIds.maxConcurrentStreams, 2]);
    const calls = Array.from({ length: 5 }, () => peer.request());
    expect(await peer.framesOf("headers", ({ streamId }) => streamId)).toEqual([1, 3]);
    calls[2]?.stream.reset(errorCodes.CANCEL);
    await peer.send(answer(3));
    expect(await peer.framesOf("headers", ({ streamId }) => streamId)).toEqual([5]);
    await peer.send(answer(1), answer(5));
    expect(await peer.framesOf("headers", ({ streamId }) => streamId)).toEqual([7]);
    expect([calls[2]?.heard, calls[3]?.heard]).toEqual([[], wholeAnswer]);
  });

  it("are 100 at most before the peer has said how many it takes, and any number when it says none", async () => {
    const peer = new TestPeer();
    for (let count = 0; count < 150; count++) peer.request();
    expect(await peer.framesOf("headers", ({ streamId }) => streamId)).toHaveLength(100);
    await peer.send(settings());
    expect(await peer.framesOf("headers", ({ streamId }) => streamId)).toHaveLength(50);
  });

  it("waiting go out when the settings let more in", async () => {
    const peer = await healthyPeer(1, [settingIds.maxConcurrentStreams, 0]);
    peer.request();
    expect(await peer.frames()).toEqual([]);
    await peer.send(settings([settingIds.maxConcurrentStreams, 1]));
    expect(await peer.framesOf("headers", ({ streamId }) => streamId)).toEqual([1]);
  });

  it("of any size arrive whole and never exceed the peer's windows and frames", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 16_384, max: 40_000 }),
        fc.array(fc.record({ stream: fc.nat(5), bytes: fc.integer({ min: 1, max: 70_000 }) }), {
          maxLength: 30,
        }),
        async (sizes, initial, maxFrame, updates) => {
          const ids = [settingIds.initialWindowSize, settingIds.maxFrameSize] as const;
          const peer = await healthyPeer(1, [ids[0], initial], [ids[1], maxFrame]);
          for (const size of sizes) peer.request("x".repeat(size));
          const windows = [65_535, ...sizes.map(() => initial)];
          const got = sizes.map(() => ({ bytes: 0, isEnded: false }));
          const read = async () => {
            for (const { type, flags, streamId, payload } of await peer.frames()) {
              if (type !== frameTypes.data) continue;
              const index = (streamId - 1) / 2;
              const each = got[index];
              expect(each && !each.isEnded && payload.length <= maxFrame).toBe(true);
              if (!each) return;
              each.bytes += payload.length;
              each.isEnded = (flags & flag.end) !== 0;
              windows[0] = (windows[0] ?? 0) - payload.length;
              windows[index + 1] = (windows[index + 1] ?? 0) - payload.length;
              expect(Math.min(windows[0], windows[index + 1] ?? 0)).toBeGreaterThanOrEqual(0);
            }
          };
          await read();
          for (const { stream, bytes } of updates) {
            const index = stream % windows.length;
            windows[index] = (windows[index] ?? 0) + bytes;
            if (!got[index - 1]?.isEnded)
              await peer.send(windowUpdate(index === 0 ? 0 : index * 2 - 1, bytes));
            await read();
          }
          await peer.send(
            windowUpdate(0, 2_000_000),
            ...sizes.map((_, index) => windowUpdate(index * 2 + 1, 500_000)),
          );
          for (const index of windows.keys()) windows[index] = 10_000_000;
          await read();
          expect(got).toEqual(sizes.map((bytes) => ({ bytes, isEnded: true })));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("go on when the initial window of the settings grows, and wait while it has shrunk below nothing", async () => {
    const peer = await healthyPeer(1, [settingIds.initialWindowSize, 100]);
    peer.request("x".repeat(1000));
    expect(await peer.framesOf(...bytesOf("data"))).toEqual([100]);
    await peer.send(settings([settingIds.initialWindowSize, 40]), windowUpdate(1, 50));
    expect(await peer.framesOf(...bytesOf("data"))).toEqual([]);
    await peer.send(windowUpdate(1, 30));
    expect(await peer.framesOf(...bytesOf("data"))).toEqual([20]);
    await peer.send(settings([settingIds.initialWindowSize, 65_535]));
    expect(await peer.framesOf(...bytesOf("data"))).toEqual([880]);
  });

  it("whose answer comes before they are sent are cut off", async () => {
    const peer = await healthyPeer();
    const { heard } = peer.request("x".repeat(100_000));
    await peer.frames();
    await peer.send(answer(1));
    expect(heard).toEqual(wholeAnswer);
    expect(await peer.framesOf("rstStream", ({ payload }) => payload.readUInt32BE())).toEqual([
      errorCodes.CANCEL,
    ]);
    await peer.send(windowUpdate(0, 100_000), windowUpdate(1, 100_000));
    expect(await peer.frames()).toEqual([]);
  });

  it("with a header block longer than a frame go on in CONTINUATION frames", async () => {
    const peer = await healthyPeer();
    const block = encodeHeaders([["x", "y".repeat(40_000)]]);
    peer.connection.request(block, Buffer.from("body"), new Heard());
    const frames = await peer.frames();
    expect(frames.map(({ type, flags, payload }) => [type, flags, payload.length])).toEqual([
      [frameTypes.headers, 0, 16_384],
      [frameTypes.continuation, 0, 16_384],
      [frameTypes.continuation, flag.endHeaders, block.length - 2 * 16_384],
      [frameTypes.data, flag.end, 4],
    ]);
    expect(Buffer.concat(frames.slice(0, 3).map(({ payload }) => payload))).toEqual(block);
  });

  it("empty the peer's table once when it has made it smaller", async () => {
    const peer = await healthyPeer(1, [settingIds.headerTableSize, 100]);
    peer.request();
    peer.request();
    expect(await peer.framesOf("headers", ({ payload }) => payload[0])).toEqual([0x20, 0x83]);
  });
});

describe("the windows that the peer is given", () => {
  const mebibyte = 1024 * 1024;
  const pieces = (streamId: number, bytes: number) =>
    Array.from({ length: bytes / 16_384 }, () => data(streamId, Buffer.alloc(16_384)));

  it("grow as answers are read, and not while a reader pauses", async () => {
    const peer = await healthyPeer();
    const { stream, events } = peer.request();
    await peer.frames();
    await peer.send(headers(1, response), ...pieces(1, mebibyte / 2));
    expect(
      await peer.framesOf("windowUpdate", ({ streamId, payload }) => [streamId, payload.readUInt32BE()]),
    ).toEqual([[1, mebibyte / 2]]);
    stream.pause();
    await peer.send(...pieces(1, mebibyte));
    expect(await peer.frames()).toEqual([]);
    stream.resume();
    expect(
      await peer.framesOf("windowUpdate", ({ streamId, payload }) => [streamId, payload.readUInt32BE()]),
    ).toEqual([[1, mebibyte]]);
    expect(events.bodyBytes).toBe(1.5 * mebibyte);
  });

  it("of the connection grow though readers pause or have left, so that they starve nobody", async () => {
    const peer = await healthyPeer();
    for (let index = 0; index < 40; index++) {
      const { stream } = peer.request();
      stream.pause();
      const id = index * 2 + 1;
      await peer.send(headers(id, response), ...pieces(id, mebibyte));
      if (index % 2 === 0) stream.reset(errorCodes.CANCEL);
    }
    const given = await peer.framesOf("windowUpdate", ({ streamId, payload }) =>
      streamId === 0 ? payload.readUInt32BE() : 0,
    );
    expect(given.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(32 * mebibyte);
    const { heard } = peer.request();
    await peer.send(answer(81));
    expect(heard).toEqual(wholeAnswer);
  });

  it("count padding", async () => {
    const peer = await healthyPeer();
    const { stream, events } = peer.request();
    stream.pause();
    await peer.send(headers(1, response));
    const padded = frame(frameTypes.data, flag.padded, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(256)]));
    for (let sent = 0; sent + 257 <= mebibyte; sent += 257) peer.socket.emit("data", padded);
    expect(peer.ended).toEqual([]);
    peer.socket.emit("data", padded);
    expect(peer.ended).toMatchObject([{ message: expect.stringContaining("FLOW_CONTROL_ERROR") }]);
    expect(events.bodyBytes).toBeLessThan(10_000);
  });
});

describe("a peer that goes away", () => {
  it("refuses the streams above the last, lets the rest go on, and is left after them", async () => {
    const peer = await healthyPeer(1, [settingIds.maxConcurrentStreams, 2]);
    const calls = Array.from({ length: 3 }, () => peer.request());
    await peer.send(goaway(1, errorCodes.NO_ERROR));
    expect(peer.connection.isUsable).toBe(false);
    expect(calls.map(({ heard }) => heard)).toEqual([[], [["close", 7]], [["close", 7]]]);
    await peer.send(answer(1));
    expect(calls[0]?.heard).toEqual(wholeAnswer);
    expect(peer.ended).toEqual([undefined]);
    expect(peer.socket.destroyed).toBe(true);
  });

  it("with an error ends all streams", async () => {
    const peer = await healthyPeer();
    const { heard } = peer.request();
    await peer.send(goaway(1, errorCodes.ENHANCE_YOUR_CALM, "too_many_pings"));
    expect(heard).toEqual([["close", errorCodes.CANCEL]]);
    expect(peer.connection.goaway).toBe("ENHANCE_YOUR_CALM too_many_pings");
  });

  it("without a word ends all streams, those that wait as well", async () => {
    const peer = await healthyPeer(1, [settingIds.maxConcurrentStreams, 1]);
    const calls = [peer.request(), peer.request()];
    peer.socket.push(null);
    await peer.frames();
    expect(calls.map(({ heard }) => heard)).toEqual([[["close", 8]], [["close", 8]]]);
    expect(peer.ended).toEqual([undefined]);
  });
});

it("the last stream number makes the connection unusable, and its end ends the connection", async () => {
  const last = 2 ** 31 - 1;
  const peer = await healthyPeer(last);
  expect(peer.connection.isUsable).toBe(true);
  const { heard } = peer.request();
  expect(peer.connection.isUsable).toBe(false);
  expect(peer.ended).toEqual([]);
  await peer.send(answer(last));
  expect(heard).toEqual(wholeAnswer);
  expect(peer.ended).toEqual([undefined]);
});

it("close says goodbye and ends the streams", async () => {
  const peer = await healthyPeer();
  const { heard } = peer.request();
  await peer.frames();
  peer.connection.close();
  peer.connection.close();
  expect(heard).toEqual([["close", errorCodes.CANCEL]]);
  expect(await peer.framesOf("goaway", ({ payload }) => payload.readUInt32BE(4))).toEqual([
    errorCodes.NO_ERROR,
  ]);
});

describe("a peer that breaks the protocol of a stream", () => {
  it.each<[string, Buffer[]]>([
    ["a body before its header", [data(1, "x")]],
    ["a header without a status", [headers(1, { "content-type": "x" })]],
    ["a status after another field", [headers(1, { a: "b", ":status": "200" })]],
    ["a status of two digits", [headers(1, { ":status": "20" })]],
    ["an interim answer that ends", [headers(1, { ":status": "100" }, flag.end)]],
    ["a name in upper case", [headers(1, { ...response, Upper: "x" })]],
    ["a field of HTTP/1", [headers(1, { ...response, connection: "close" })]],
    ["a name with a space", [headers(1, { ...response, "a b": "x" })]],
    ["a name that is not ASCII", [headers(1, { ...response, "\u00e9": "x" })]],
    ["a value of two lines", [headers(1, { ...response, a: "x\r\nb: y" })]],
    ["a value with a zero byte", [headers(1, { ...response, a: "x\0" })]],
    ["trailers of two lines", [headers(1, response), headers(1, { "grpc-message": "x\ny" }, flag.end)]],
    ["trailers that do not end", [headers(1, response), headers(1, { "grpc-status": "0" })]],
    ["trailers with a status of HTTP", [headers(1, response), headers(1, response, flag.end)]],
  ])("by %s ends that stream and no other", async (_what, frames) => {
    const peer = await healthyPeer();
    const [broken, other] = [peer.request(), peer.request()];
    await peer.frames();
    await peer.send(...frames);
    expect(broken.heard.at(-1)).toEqual(["close", 1, expect.stringMatching(/^The answer has /)]);
    expect(await peer.framesOf("rstStream", ({ streamId }) => streamId)).toEqual([1]);
    await peer.send(answer(3));
    expect(other.heard).toEqual(wholeAnswer);
  });

  it("by a header list above the limit ends that stream and no other", async () => {
    const peer = await healthyPeer();
    const [broken, other] = [peer.request(), peer.request()];
    // One field of 4000 bytes in the table, named 300 times.
    const big = encodeHeaders([["x", "y".repeat(4000)]]);
    const block = Buffer.concat([Buffer.of(0x88, 0x40), big.subarray(1), Buffer.alloc(300, 0xbe)]);
    await peer.send(frame(frameTypes.headers, flag.endHeaders, 1, block));
    expect(broken.heard).toEqual([["close", 1, "The answer has a header of more than 1048576 bytes"]]);
    await peer.send(answer(3));
    expect(other.heard).toEqual(wholeAnswer);
  });
});

describe("a peer that breaks the protocol of the connection", () => {
  it.each<[code: keyof typeof errorCodes, what: string, frames: Buffer[]]>([
    ["FRAME_SIZE_ERROR", "a frame longer than agreed on", [data(1, Buffer.alloc(16_385))]],
    ["FRAME_SIZE_ERROR", "settings that are cut short", [frame(4, 0, 0, "12345")]],
    ["FRAME_SIZE_ERROR", "an acknowledgement of settings with a payload", [frame(4, flag.ack, 0, "123456")]],
    ["FRAME_SIZE_ERROR", "a short ping", [frame(6, 0, 0, "1234567")]],
    ["FRAME_SIZE_ERROR", "a short reset", [frame(3, 0, 1, "123")]],
    ["FRAME_SIZE_ERROR", "a short GOAWAY", [frame(7, 0, 0, "1234567")]],
    ["FRAME_SIZE_ERROR", "a long window update", [frame(8, 0, 0, "12345")]],
    ["PROTOCOL_ERROR", "settings of a stream", [frame(4, 0, 1)]],
    ["PROTOCOL_ERROR", "a ping of a stream", [frame(6, 0, 1, "12345678")]],
    ["PROTOCOL_ERROR", "a GOAWAY of a stream", [frame(7, 0, 1, "12345678")]],
    ["PROTOCOL_ERROR", "a header of no stream", [headers(0, response)]],
    ["PROTOCOL_ERROR", "data of no stream", [data(0, "x")]],
    ["PROTOCOL_ERROR", "a reset of no stream", [rstStream(0, 8)]],
    ["PROTOCOL_ERROR", "a header of a stream to come", [headers(5, response)]],
    ["PROTOCOL_ERROR", "data of a stream to come", [data(5, "x")]],
    ["PROTOCOL_ERROR", "a header of an even stream", [headers(2, response)]],
    ["PROTOCOL_ERROR", "a window update by nothing", [windowUpdate(0, 0)]],
    ["FLOW_CONTROL_ERROR", "a connection window above its limit", [windowUpdate(0, 2 ** 31 - 1)]],
    ["FLOW_CONTROL_ERROR", "a stream window above its limit", [windowUpdate(1, 2 ** 31 - 1)]],
    ["FLOW_CONTROL_ERROR", "an initial window above its limit", [settings([4, 2 ** 31])]],
    ["PROTOCOL_ERROR", "a frame size below its limit", [settings([5, 16_383])]],
    ["PROTOCOL_ERROR", "a frame size above its limit", [settings([5, 2 ** 24])]],
    ["PROTOCOL_ERROR", "push in settings", [settings([2, 1])]],
    ["PROTOCOL_ERROR", "a push", [frame(5, flag.endHeaders, 1, words(2))]],
    ["PROTOCOL_ERROR", "a frame inside a header block", [frame(1, 0, 1), frame(6, 0, 0, "12345678")]],
    ["PROTOCOL_ERROR", "data inside a header block", [frame(1, 0, 1), data(1, "x")]],
    ["PROTOCOL_ERROR", "a header block inside another", [frame(1, 0, 1), frame(1, 0, 1)]],
    ["PROTOCOL_ERROR", "a continuation of another stream", [frame(1, 0, 1), frame(9, flag.endHeaders, 3)]],
    ["PROTOCOL_ERROR", "a continuation of nothing", [frame(9, flag.endHeaders, 1)]],
    ["PROTOCOL_ERROR", "data that is all padding", [frame(0, flag.padded, 1, Buffer.of(1))]],
    [
      "PROTOCOL_ERROR",
      "a header that is all padding",
      [frame(1, flag.padded | flag.endHeaders, 1, Buffer.of(1))],
    ],
    [
      "PROTOCOL_ERROR",
      "a header without the padding it tells of",
      [frame(1, flag.padded | flag.endHeaders, 1)],
    ],
    [
      "COMPRESSION_ERROR",
      "a header block that makes no sense",
      [frame(1, flag.endHeaders, 1, Buffer.of(0x80))],
    ],
    [
      "ENHANCE_YOUR_CALM",
      "a header block without an end, of nothing",
      [frame(1, 0, 1), ...Array.from({ length: 33_000 }, () => frame(9, 0, 1))],
    ],
    [
      "ENHANCE_YOUR_CALM",
      "a header block without an end",
      [frame(1, 0, 1), ...Array.from({ length: 65 }, () => frame(9, 0, 1, Buffer.alloc(16_384)))],
    ],
  ])("is told %s for %s, and every stream ends", async (code, _what, frames) => {
    const peer = await healthyPeer();
    const calls = [peer.request(), peer.request()];
    await peer.frames();
    await peer.send(...frames);
    expect(await peer.framesOf("goaway", ({ payload }) => payload.readUInt32BE(4))).toEqual([
      errorCodes[code],
    ]);
    const message = expect.stringContaining(code);
    expect(calls.map(({ heard }) => heard.at(-1))).toEqual([
      ["close", errorCodes.CANCEL, message],
      ["close", errorCodes.CANCEL, message],
    ]);
    expect(peer.ended).toMatchObject([{ message }]);
    expect(peer.socket.destroyed).toBe(true);
  });

  it.each([
    ["HTTP/1", "HTTP/1.1 400 Bad Request\r\n\r\n"],
    ["something else", "SSH-2.0-OpenSSH_9.6 and more\r\n"],
  ])("from the first byte, by %s, is said not to speak HTTP/2", async (_what, said) => {
    const peer = new TestPeer();
    await peer.send(Buffer.from(said));
    expect(peer.ended).toMatchObject([{ message: expect.stringContaining("does not speak HTTP/2") }]);
    expect(peer.healthy).toBe(0);
  });

  it("by asking on and on and reading nothing is left", async () => {
    const peer = await healthyPeer();
    peer.socket._write = () => {};
    const ping = frame(frameTypes.ping, 0, 0, "12345678");
    for (let turn = 0; turn < 2000 && peer.ended.length === 0; turn++) await peer.send(ping, ping);
    expect(peer.ended).toMatchObject([{ message: expect.stringContaining("ENHANCE_YOUR_CALM") }]);
  });

  it("by any rubbish ends in an error or in frames, and nothing is thrown", async () => {
    const anyFrame = fc
      .record({
        type: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.nat(255)),
        flags: fc.nat(255),
        streamId: fc.oneof(fc.constantFrom(0, 1, 3), fc.nat()),
        payload: fc.uint8Array({ maxLength: 40 }),
      })
      .map(({ type, flags, streamId, payload }) => frame(type, flags, streamId, payload));
    const rubbish = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(anyFrame, rubbish), { maxLength: 10 }),
        anyPlaces,
        async (frames, places) => {
          const peer = new TestPeer();
          const calls = [peer.request(), peer.request()];
          for (const piece of cuts(Buffer.concat([settings(), ...frames]), places))
            peer.socket.emit("data", piece);
          const ends = calls.map(
            ({ heard }) => heard.filter((each) => Array.isArray(each) && each[0] === "close").length,
          );
          for (const count of ends) expect(count).toBeLessThanOrEqual(1);
          if (peer.ended.length > 0) expect(ends).toEqual([1, 1]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
