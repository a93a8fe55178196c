import { WireError } from "../wire-error.js";
import type { WebSocketEvent } from "./frames.js";

/** The numbers of a session's channels. */
export const channelNumbers = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** What a subprotocol lets its channels do. */
export interface ChannelProtocol {
  /** As it is negotiated; empty for a client that names none. */
  readonly name: string;
  /** Messages are text: a digit for the channel, then base64. */
  readonly isBase64: boolean;
  /** The error channel carries JSON, also of a success. */
  readonly hasStatus: boolean;
  /** A channel can be closed by itself, so that a command's input can end. */
  readonly hasClose: boolean;
}

const plain = { isBase64: false, hasStatus: false, hasClose: false };

/** The newest first, which is also what a client of ours prefers. */
export const channelProtocols: readonly ChannelProtocol[] = [
  { ...plain, name: "v5.channel.k8s.io", hasStatus: true, hasClose: true },
  { ...plain, name: "v4.channel.k8s.io", hasStatus: true },
  { ...plain, name: "v4.base64.channel.k8s.io", isBase64: true, hasStatus: true },
  { ...plain, name: "channel.k8s.io" },
  { ...plain, name: "base64.channel.k8s.io", isBase64: true },
  { ...plain, name: "" },
];

const closeMark = 255;

export type ChannelEvent =
  | { type: "data"; channel: number; payload: Buffer }
  /** The peer sends no more on this channel. */
  | { type: "close"; channel: number };

type Piece = Extract<WebSocketEvent, { type: "data" }>;

/** Takes WebSocket messages apart into channels, piece by piece: nothing is held but a few digits. */
export class ChannelReader {
  readonly #protocol: ChannelProtocol;
  #channel: number | undefined;
  /** Digits of base64 that do not make whole bytes yet. */
  #digits = "";

  constructor(protocol: ChannelProtocol) {
    this.#protocol = protocol;
  }

  /** Undefined for a piece that brings nothing, such as the empty message that says "ready". */
  read({ isText, payload, isFirst, isLast }: Piece): ChannelEvent | undefined {
    if (isText !== this.#protocol.isBase64) {
      throw new WireError(
        `Messages of ${this.#protocol.name || "no subprotocol"} must be ${isText ? "binary" : "text"}`,
      );
    }
    let rest = payload;
    if (isFirst || this.#channel === undefined) {
      if (rest.length === 0) return undefined;
      this.#channel = this.#channelOf(rest.readUInt8(0));
      rest = rest.subarray(1);
    }
    const channel = this.#channel;
    const content = this.#protocol.isBase64 ? this.#decode(rest, isLast) : rest;
    if (isLast) this.#channel = undefined;
    if (content.length === 0) return undefined;
    if (channel !== closeMark) return { type: "data", channel, payload: content };
    return { type: "close", channel: content.readUInt8(0) };
  }

  #channelOf(byte: number): number {
    if (!this.#protocol.isBase64) {
      if (byte === closeMark && !this.#protocol.hasClose) {
        throw new WireError(`${this.#protocol.name || "No subprotocol"} has no channel ${byte}`);
      }
      return byte;
    }
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9)
      throw new WireError("A base64 message does not begin with the digit of a channel");
    return digit;
  }

  #decode(bytes: Buffer, isLast: boolean): Buffer {
    const digits = this.#digits + bytes.toString("latin1");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) throw new WireError("A message is not in base64");
    const whole = isLast ? digits.length : digits.length - (digits.length % 4);
    this.#digits = digits.slice(whole);
    return Buffer.from(digits.slice(0, whole), "base64");
  }
}

export interface ChannelMessage {
  isText: boolean;
  payload: Buffer;
}

export function writeChannel(protocol: ChannelProtocol, channel: number, payload: Buffer): ChannelMessage {
  if (protocol.isBase64) {
    return { isText: true, payload: Buffer.from(`${channel}${payload.toString("base64")}`, "latin1") };
  }
  return { isText: false, payload: Buffer.concat([Buffer.from([channel]), payload]) };
}

/** Only for a protocol that has it. */
export function writeChannelClose(channel: number): ChannelMessage {
  return { isText: false, payload: Buffer.from([closeMark, channel]) };
}
