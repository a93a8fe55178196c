import { Readable, Writable } from "node:stream";

import type { ChannelProtocol, ChannelReader } from "./channels.js";
import { writeChannel, writeChannelClose } from "./channels.js";
import type { WebSocketConnection, WebSocketData } from "./connection.js";

const highWaterMark = 256 * 1024;

/** The channels of a WebSocket as streams. Channels that nobody reads are dropped. */
export class ChannelStreams {
  readonly #protocol: ChannelProtocol;
  readonly #reader: ChannelReader;
  readonly #readable = new Map<number, Readable>();
  readonly #full = new Set<Readable>();
  #connection: WebSocketConnection | undefined;
  #hasEndedWell = false;

  constructor(protocol: ChannelProtocol, reader: ChannelReader) {
    this.#protocol = protocol;
    this.#reader = reader;
  }

  /** Before anything is sent. The connection is made with `receive` as what gets its data. */
  attach(connection: WebSocketConnection): void {
    this.#connection = connection;
  }

  /** False when a reader has had enough. Throws `WireError`. */
  receive(data: WebSocketData): boolean {
    const event = this.#reader.read(data);
    const stream = event && this.#readable.get(event.channel);
    if (!event || !stream || stream.readableEnded || stream.destroyed) return this.#full.size === 0;
    if (event.type === "close") this.finish(event.channel);
    else if (!stream.push(event.payload)) this.#full.add(stream);
    return this.#full.size === 0;
  }

  readable(channel: number): Readable {
    const wanted = (stream: Readable) => {
      if (this.#full.delete(stream) && this.#full.size === 0) this.#connection?.resume();
    };
    const stream = new Readable({
      highWaterMark,
      read() {
        wanted(this);
      },
      destroy(error, done) {
        wanted(this);
        done(error);
      },
    });
    this.#readable.set(channel, stream);
    return stream;
  }

  /** Its end closes the channel where the protocol has that, and is nothing to see where not. */
  writable(
    channel: number,
    { closes = false, highWaterMark }: { closes?: boolean; highWaterMark?: number } = {},
  ): Writable {
    return new Writable({
      highWaterMark,
      write: (chunk: Buffer, _encoding, done) => {
        const { payload, isText } = writeChannel(this.#protocol, channel, chunk);
        this.#send(payload, isText, done);
      },
      final: (done) => {
        // After a goodbye nobody waits for it any more.
        if (!closes || !this.#protocol.hasClose || this.#hasEndedWell) return done();
        this.#send(writeChannelClose(channel).payload, false, done);
      },
    });
  }

  /** No more is taken from this channel, whatever the peer still sends on it. */
  finish(channel: number): void {
    this.#readable.get(channel)?.push(null);
    this.#readable.delete(channel);
  }

  /** The peer sends no more on any channel. */
  end(error?: Error): void {
    this.#hasEndedWell = error === undefined;
    for (const stream of this.#readable.values()) {
      if (error) stream.destroy(error);
      else if (!stream.readableEnded) stream.push(null);
    }
  }

  #send(payload: Buffer, isText: boolean, done: (error?: Error | null) => void): void {
    this.#connection?.send(payload, { isText }, done);
  }
}
