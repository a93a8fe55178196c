import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";

import { connectionLost } from "../connection-lost.js";
import { WireError } from "../wire-error.js";
import {
  closePayload,
  opcodes,
  type WebSocketEvent,
  WebSocketReader,
  writeWebSocketFrame,
} from "./frames.js";

export type WebSocketData = Extract<WebSocketEvent, { type: "data" }>;

/** How a connection ended: by a close frame of the peer, or by a loss. */
export type WebSocketEnd = { code: number; reason: string } | { error: Error };

export interface WebSocketHandlers {
  /** Gets each piece of each message; false holds the socket until `resume()`. */
  onData(data: WebSocketData): boolean | undefined;
  /** Told once. */
  onEnd(end: WebSocketEnd): void;
}

export interface WebSocketOptions extends WebSocketHandlers {
  role: "client" | "server";
}

/** How long we wait for the peer to answer our close frame, and to close where it has sent one. */
const closeGraceMs = 5_000;
export const closeCodes = { normal: 1000, protocolError: 1002, internalError: 1011 } as const;

/** A WebSocket after its handshake. */
export class WebSocketConnection {
  readonly #socket: Duplex;
  readonly #options: WebSocketOptions;
  readonly #reader: WebSocketReader;
  #hasClosed = false;
  #isOver = false;

  /** `head` is what was read of the socket before it was handed over. */
  constructor(socket: Duplex, head: Buffer, options: WebSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new WebSocketReader({ isMasked: options.role === "server" });
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.once("error", (cause) => this.#end({ error: connectionLost(cause) }));
    socket.once("end", () => this.#end({ error: connectionLost() }));
    socket.once("close", () => this.#end({ error: connectionLost() }));
    socket.resume();
    if (head.length > 0) this.#receive(head);
  }

  /** Sends one message; calls back when its bytes are with the kernel, or cannot be sent. */
  send(
    payload: Buffer,
    { isText = false }: { isText?: boolean } = {},
    done?: (error?: Error | null) => void,
  ): void {
    if (this.#hasClosed || this.#isOver) {
      done?.(connectionLost());
      return;
    }
    this.#write(isText ? opcodes.text : opcodes.binary, payload, done);
  }

  resume(): void {
    if (!this.#isOver) this.#socket.resume();
  }

  /** Says goodbye; the peer's answer ends the connection. */
  close(code: number = closeCodes.normal, reason = ""): void {
    if (this.#hasClosed || this.#isOver) return;
    this.#write(opcodes.close, closePayload(code, reason));
    this.#hasClosed = true;
    setTimeout(() => {
      if (this.#isOver) this.#socket.destroy();
      // A slow reader has yet to come to the close frame, and all before it.
      else this.#socket.end();
    }, closeGraceMs).unref();
  }

  /** Ends the connection at once. */
  destroy(error: Error = connectionLost()): void {
    this.#end({ error });
    this.#socket.destroy();
  }

  #write(opcode: number, payload: Buffer, done?: (error?: Error | null) => void): void {
    const mask = this.#options.role === "client" ? randomBytes(4) : undefined;
    const parts = writeWebSocketFrame(opcode, payload, mask);
    this.#socket.cork();
    for (const [index, part] of parts.entries()) {
      this.#socket.write(part, index === parts.length - 1 ? done : undefined);
    }
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      for (const event of this.#reader.read(chunk)) this.#handle(event);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.close(closeCodes.protocolError, "");
      this.destroy(error);
    }
  }

  #handle(event: WebSocketEvent): void {
    switch (event.type) {
      case "data":
        if (this.#options.onData(event) === false) this.#socket.pause();
        return;
      case "ping":
        if (!this.#hasClosed) this.#write(opcodes.pong, event.payload);
        return;
      case "close":
        this.close();
        this.#end({ code: event.code, reason: event.reason });
        return;
      case "pong":
        return;
    }
  }

  #end(end: WebSocketEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onEnd(end);
    this.#socket.end();
  }
}
