import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  type ChannelEvent,
  ChannelReader,
  channelProtocols,
  writeChannel,
  writeChannelClose,
} from "../../../src/wire/websocket/channels.js";
import { opcodes, WebSocketReader, writeWebSocketFrame } from "../../../src/wire/websocket/frames.js";
import { WireError } from "../../../src/wire/wire-error.js";
import { anyBytes, anyPlaces, cuts, readAll } from "../support.js";

function joined(events: readonly ChannelEvent[]): Record<number, string> {
  const texts: Record<number, string> = {};
  for (const event of events) {
    const text = event.type === "data" ? event.payload.toString("hex") : "closed";
    texts[event.channel] = (texts[event.channel] ?? "") + text;
  }
  return texts;
}

function events(reader: ChannelReader, pieces: readonly Buffer[]): ChannelEvent[] {
  const messages = readAll(new WebSocketReader({ isMasked: false }), pieces);
  return messages.flatMap((message) => (message.type === "data" ? (reader.read(message) ?? []) : []));
}

describe.each(channelProtocols)("channels of $name", (protocol) => {
  it("bring what was written to each, wherever the bytes are cut", () => {
    const anySent = fc.record({ channel: fc.nat({ max: 9 }), payload: anyBytes(200) });
    fc.assert(
      fc.property(fc.array(anySent, { maxLength: 10 }), anyPlaces, (sent, places) => {
        const bytes = Buffer.concat(
          sent.flatMap(({ channel, payload }) => {
            const message = writeChannel(protocol, channel, payload);
            return writeWebSocketFrame(message.isText ? opcodes.text : opcodes.binary, message.payload);
          }),
        );
        const expected = sent
          .filter(({ payload }) => payload.length > 0)
          .map((each) => ({ type: "data" as const, ...each }));
        expect(joined(events(new ChannelReader(protocol), cuts(bytes, places)))).toEqual(joined(expected));
      }),
    );
  });

  it("refuse messages of the other kind", () => {
    const opcode = protocol.isBase64 ? opcodes.binary : opcodes.text;
    const frame = Buffer.concat(writeWebSocketFrame(opcode, Buffer.from("1aGk=")));
    expect(() => events(new ChannelReader(protocol), [frame])).toThrow(WireError);
  });

  it("end one by one where the protocol has that, and refuse it where not", () => {
    if (protocol.isBase64) return;
    const frame = Buffer.concat(writeWebSocketFrame(opcodes.binary, writeChannelClose(0).payload));
    const read = () => events(new ChannelReader(protocol), [frame]);
    if (protocol.hasClose) expect(read()).toEqual([{ type: "close", channel: 0 }]);
    else expect(read).toThrow(WireError);
  });
});

describe("channels in base64", () => {
  const protocol = channelProtocols.find(({ isBase64 }) => isBase64) ?? channelProtocols[0];

  it.each(["xaGk=", "1a?k="])("refuse %s", (text) => {
    if (!protocol) throw new Error("No base64 protocol");
    const frame = Buffer.concat(writeWebSocketFrame(opcodes.text, Buffer.from(text)));
    expect(() => events(new ChannelReader(protocol), [frame])).toThrow(WireError);
  });
});
