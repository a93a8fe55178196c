import {
  areTrailers,
  type FieldList,
  type HeaderFields,
  isResponse,
  maxHeaderListBytes,
} from "./header-fields.js";
import { defaultWindowBytes } from "./protocol.js";
import { ReceiveWindow } from "./receive-window.js";

/** What a call hears of its stream. */
export interface StreamEvents {
  onResponse(fields: HeaderFields): void;
  onData(chunk: Buffer): void;
  onTrailers(fields: HeaderFields): void;
  /** The last, unless we reset the stream ourselves: with NO_ERROR after a whole answer, else why there is none. */
  onClose(code: number, error: Error | undefined): void;
}

/** The connection of a stream. */
export interface StreamOwner {
  reset(stream: Http2Stream, code: number): void;
  giveBack(stream: Http2Stream): void;
}

/**
 * What the peer may send of one answer before the reader has taken any of it. With HTTP/2's default of 64 KiB a
 * list of 8 MiB takes five times as long; above 256 KiB nothing is gained any more.
 */
export const streamWindowBytes = 1024 * 1024;

/** One request and its answer. */
export class Http2Stream {
  /** 0 until the request is sent. */
  id = 0;
  sendWindow = defaultWindowBytes;
  readonly receiveWindow = new ReceiveWindow(streamWindowBytes);
  /** What is still to be sent; undefined once the request has ended. */
  unsent: Uint8Array | undefined;
  readonly events: StreamEvents;
  readonly #owner: StreamOwner;
  #hasResponse = false;
  #isPaused = false;

  constructor(owner: StreamOwner, request: Uint8Array, events: StreamEvents) {
    this.#owner = owner;
    this.unsent = request;
    this.events = events;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Holds the peer back once the window is full; what it has sent until then still comes. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#owner.giveBack(this);
  }

  /** Ends the stream, and its events, at once. Does nothing when it is over. */
  reset(code: number): void {
    this.#owner.reset(this, code);
  }

  /** Tells of a header block; gives what is wrong with it, if anything. */
  takeHeader(list: FieldList, isEnd: boolean): string | undefined {
    const { fields, isTooLong } = list;
    if (isTooLong) return `a header of more than ${maxHeaderListBytes} bytes`;
    if (this.#hasResponse) {
      if (!isEnd || !areTrailers(fields)) return "malformed trailers";
      this.events.onTrailers(fields);
      return undefined;
    }
    const isInterim = fields.get(":status")?.startsWith("1") ?? false;
    if (!isResponse(fields) || (isInterim && isEnd)) return "a malformed header";
    if (isInterim) return undefined;
    this.#hasResponse = true;
    this.events.onResponse(fields);
    return undefined;
  }

  /** As `takeHeader`. */
  takeData(piece: Buffer): string | undefined {
    if (!this.#hasResponse) return "a body before its header";
    if (piece.length > 0) this.events.onData(piece);
    return undefined;
  }
}
