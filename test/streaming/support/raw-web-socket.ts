import { once } from "node:events";

import { opcodes, WebSocketReader, writeWebSocketFrame } from "../../../src/wire/websocket/frames.js";
import { rawUpgrade, webSocket } from "./raw-upgrade.js";

/** A client of a WebSocket that speaks by hand, and keeps what it was told. */
export interface RawWebSocket extends Disposable {
  /** Each message as text, `1:hello` for what came on channel 1; the last one is `close CODE`. */
  readonly told: string[];
  /** Resolves when the server has gone. */
  readonly closed: Promise<unknown>;
  send(bytes: Buffer | string): void;
}

const mask = Buffer.from("a1b2c3d4", "hex");

export async function openRawWebSocket(url: string, protocol: string): Promise<RawWebSocket> {
  const { status, socket, head } = await rawUpgrade(url, webSocket(protocol), "GET");
  if (!socket) throw new Error(`The server refused: ${status}`);
  const isText = protocol.includes("base64");
  const told: string[] = [];
  const reader = new WebSocketReader({ isMasked: false });
  const receive = (chunk: Buffer) => {
    for (const event of reader.read(chunk)) {
      if (event.type === "close") {
        told.push(`close ${event.code}`);
        socket.end();
      }
      if (event.type !== "data") continue;
      const bytes = event.payload.toString("latin1");
      if (!event.isFirst) told.push((told.pop() ?? "") + bytes);
      else if (isText) told.push(`${bytes[0]}:${Buffer.from(bytes.slice(1), "base64")}`);
      else told.push(`${event.payload[0]}:${bytes.slice(1)}`);
    }
  };
  if (head) receive(head);
  const closed = once(socket, "close");
  socket.on("data", receive).on("error", () => {});
  return {
    told,
    closed,
    send(bytes) {
      const opcode = isText ? opcodes.text : opcodes.binary;
      for (const part of writeWebSocketFrame(opcode, Buffer.from(bytes), mask)) socket.write(part);
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
