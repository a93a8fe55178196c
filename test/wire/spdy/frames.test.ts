import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FrameReader, type SpdyFrame, writeFrame } from "../../../src/wire/spdy/frames.js";
import { WireError } from "../../../src/wire/wire-error.js";
import { anyBytes, anyPlaces, cuts, readAll } from "../support.js";

const streamId = fc.integer({ min: 1, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });

const anyFrame: fc.Arbitrary<SpdyFrame> = fc.oneof(
  fc.record({ type: fc.constant("data" as const), streamId, payload: anyBytes(300), fin: fc.boolean() }),
  fc.record({
    type: fc.constantFrom("syn-stream" as const, "syn-reply" as const, "headers" as const),
    streamId,
    headerBlock: anyBytes(100),
    fin: fc.boolean(),
  }),
  fc.record({ type: fc.constant("rst-stream" as const), streamId, status: word }),
  fc.record({ type: fc.constant("ping" as const), id: word }),
  fc.record({ type: fc.constant("goaway" as const), lastStreamId: streamId, status: word }),
);

/** Pieces of one data frame put together again, so that different cuts can be compared. */
function joined(frames: readonly SpdyFrame[]): SpdyFrame[] {
  const whole: SpdyFrame[] = [];
  let open: Extract<SpdyFrame, { type: "data" }> | undefined;
  for (const frame of frames) {
    if (frame.type === "data" && open && open.streamId === frame.streamId) {
      open.payload = Buffer.concat([open.payload, frame.payload]);
      open.fin = frame.fin;
    } else {
      open = frame.type === "data" ? { ...frame } : undefined;
      whole.push(open ?? frame);
    }
    if (open?.fin) open = undefined;
  }
  return whole;
}

describe("frames of SPDY", () => {
  it("are read as they were written, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), anyPlaces, (frames, places) => {
        const bytes = Buffer.concat(frames.map(writeFrame));
        const read = readAll(new FrameReader(), cuts(bytes, places));
        expect(joined(read)).toEqual(joined(frames));
      }),
    );
  });

  it("hand on data before its frame is whole", () => {
    const reader = new FrameReader();
    const bytes = writeFrame({ type: "data", streamId: 1, payload: Buffer.alloc(1_000_000, "x"), fin: true });
    const first = [...reader.read(bytes.subarray(0, 1000))];
    expect(first).toMatchObject([{ type: "data", fin: false }]);
    expect(joined([...first, ...reader.read(bytes.subarray(1000))])).toMatchObject([{ fin: true }]);
  });

  it("of unknown types are passed over", () => {
    const unknown = Buffer.from("800300090000000400000001", "hex");
    const ping = writeFrame({ type: "ping", id: 7 });
    expect(readAll(new FrameReader(), [Buffer.concat([unknown, ping])])).toEqual([{ type: "ping", id: 7 }]);
  });

  it.each([
    ["another version", "8002000100000000"],
    ["a control frame longer than 64 KiB", "8003000100ffffff"],
    ["a SYN_STREAM that is cut short", "80030001000000040000000100"],
    ["a RST_STREAM that is cut short", "800300030000000400000001"],
    ["a PING without its number", "8003000600000000"],
  ])("with %s end in a typed error", (_what, hex) => {
    const bytes = Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(16)]);
    expect(() => readAll(new FrameReader(), [bytes])).toThrow(WireError);
  });

  it("of any rubbish end in a typed error or in frames, and hold no more than one control frame", () => {
    fc.assert(
      fc.property(anyBytes(2000), anyPlaces, (bytes, places) => {
        try {
          readAll(new FrameReader(), cuts(bytes, places));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
