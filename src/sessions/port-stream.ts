import { finished } from "node:stream/promises";

import { CriError } from "../errors.js";
import type { SpdyHeaders } from "../wire/spdy/headers.js";
import { SpdyStream, type StreamOwner } from "../wire/spdy/stream.js";
import type { SocketSink } from "./socket-sink.js";

/** The stream on which a runtime says what is wrong with a connection to a port. */
export class TroubleStream extends SpdyStream {
  /** What it has said so far. */
  said = "";
  /** Resolves when it will say no more. When the connection is lost, the bytes have the same fate and tell it. */
  readonly over = finished(this.resume(), { writable: false }).catch(() => {});

  override receive(words: Buffer): boolean {
    this.said += words.toString("utf8");
    return true;
  }

  override get keeps(): boolean {
    return false;
  }
}

/**
 * The bytes of a connection. One that brought some has stood, and ends when they do. One that brought none does not end
 * well before it is known that nothing went wrong: runtimes may tell that nobody listens behind the end.
 */
export class PortStream extends SpdyStream {
  readonly #trouble: TroubleStream;
  readonly #sink: SocketSink | undefined;
  #hasStood = false;

  constructor(
    owner: StreamOwner,
    id: number,
    headers: SpdyHeaders,
    { trouble, sink }: { trouble: TroubleStream; sink?: SocketSink | undefined },
  ) {
    super(owner, id, headers);
    this.#trouble = trouble;
    this.#sink = sink;
    void trouble.over.then(() => {
      if (trouble.said === "") return;
      this.destroy(new CriError("unavailable", `Port ${headers.port} of the pod: ${trouble.said.trim()}`));
    });
  }

  override receive(payload: Buffer): boolean {
    this.#hasStood = true;
    return this.#sink ? this.#sink.write(payload) : super.receive(payload);
  }

  override get keeps(): boolean {
    return !this.#sink && super.keeps;
  }

  override receiveEnd(): void {
    if (this.#trouble.said === "" && this.#hasStood) super.receiveEnd();
    else void this.#trouble.over.then(() => this.#trouble.said === "" && super.receiveEnd());
  }
}
