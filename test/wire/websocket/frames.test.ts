import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  closePayload,
  opcodes,
  type WebSocketEvent,
  WebSocketReader,
  writeWebSocketFrame,
} from "../../../src/wire/websocket/frames.js";
import { WireError } from "../../../src/wire/wire-error.js";
import { anyBytes, anyPlaces, cuts, readAll } from "../support.js";

const anyMessage = fc.oneof(
  fc.record({ opcode: fc.constantFrom(opcodes.text, opcodes.binary), payload: anyBytes(70_000) }),
  fc.record({ opcode: fc.constantFrom(opcodes.ping, opcodes.pong), payload: anyBytes(125) }),
);

function told(events: readonly WebSocketEvent[]): { opcode: number; payload: Buffer }[] {
  const messages: { opcode: number; payload: Buffer }[] = [];
  for (const event of events) {
    if (event.type === "ping") messages.push({ opcode: opcodes.ping, payload: event.payload });
    if (event.type === "pong") messages.push({ opcode: opcodes.pong, payload: event.payload });
    if (event.type !== "data") continue;
    if (event.isFirst) {
      const opcode = event.isText ? opcodes.text : opcodes.binary;
      messages.push({ opcode, payload: Buffer.from(event.payload) });
    } else {
      const last = messages.at(-1);
      if (last) last.payload = Buffer.concat([last.payload, event.payload]);
    }
  }
  return messages;
}

describe("WebSocket messages", () => {
  it.each([false, true])(
    "are read as they were written, wherever the bytes are cut (masked: %s)",
    (isMasked) => {
      fc.assert(
        fc.property(fc.array(anyMessage, { maxLength: 6 }), anyPlaces, (messages, places) => {
          const mask = isMasked ? Buffer.from("a1b2c3d4", "hex") : undefined;
          const bytes = Buffer.concat(
            messages.flatMap(({ opcode, payload }) => writeWebSocketFrame(opcode, payload, mask)),
          );
          expect(told(readAll(new WebSocketReader({ isMasked }), cuts(bytes, places)))).toEqual(messages);
        }),
        { numRuns: 50 },
      );
    },
  );

  it("may come in several frames, with control frames between them", () => {
    const bytes = Buffer.concat([
      Buffer.from([opcodes.binary, 2, 1, 2]),
      Buffer.concat(writeWebSocketFrame(opcodes.ping, Buffer.from("?"))),
      Buffer.from([opcodes.continuation, 0]),
      Buffer.from([0x80 | opcodes.continuation, 1, 3]),
    ]);
    const events = readAll(new WebSocketReader({ isMasked: false }), [bytes]);
    expect(events).toEqual([
      { type: "data", isText: false, payload: Buffer.from([1, 2]), isFirst: true, isLast: false },
      { type: "ping", payload: Buffer.from("?") },
      { type: "data", isText: false, payload: Buffer.from([3]), isFirst: false, isLast: true },
    ]);
  });

  it("of a close tell its code and reason", () => {
    const frame = Buffer.concat(writeWebSocketFrame(opcodes.close, closePayload(1000, "done")));
    expect(readAll(new WebSocketReader({ isMasked: false }), [frame])).toEqual([
      { type: "close", code: 1000, reason: "done" },
    ]);
  });

  it.each([
    ["an extension", "c20100"],
    ["an unknown opcode", "830100"],
    ["an unknown control opcode", "8b0100"],
    ["a continuation of nothing", "800100"],
    ["a message within a message", "0201000201 00"],
    ["a control frame in parts", "090100"],
    ["a control frame of 126 bytes", "897e007e"],
    ["a mask where none may be", "8281000000 0000"],
    ["a length beyond all numbers", "827fffffffffffffffff"],
    ["a close frame of one byte", "880100"],
  ])("with %s end in a typed error", (_what, hex) => {
    const bytes = Buffer.concat([Buffer.from(hex.replaceAll(" ", ""), "hex"), Buffer.alloc(200)]);
    expect(() => readAll(new WebSocketReader({ isMasked: false }), [bytes])).toThrow(WireError);
  });

  it("of any rubbish end in a typed error or in messages", () => {
    fc.assert(
      fc.property(anyBytes(500), anyPlaces, fc.boolean(), (bytes, places, isMasked) => {
        try {
          readAll(new WebSocketReader({ isMasked }), cuts(bytes, places));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
