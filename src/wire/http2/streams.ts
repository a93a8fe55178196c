import { Http2Error } from "./http2-error.js";
import { max31 } from "./protocol.js";
import type { PeerSettings } from "./settings.js";
import type { Http2Stream } from "./stream.js";

/** The streams of a connection, by their numbers, and the requests that wait until the peer takes more at once. */
export class Streams {
  readonly #settings: PeerSettings;
  readonly #open = new Map<number, Http2Stream>();
  readonly #waiting = new Map<Http2Stream, Uint8Array>();
  #nextId: number;

  constructor(settings: PeerSettings, firstId: number) {
    this.#settings = settings;
    this.#nextId = firstId;
  }

  get isEmpty(): boolean {
    return this.#open.size + this.#waiting.size === 0;
  }

  /** Whether numbers are left for more. */
  get hasNumbers(): boolean {
    return this.#nextId + 2 * this.#waiting.size <= max31;
  }

  [Symbol.iterator](): IterableIterator<Http2Stream> {
    return this.#open.values();
  }

  has(stream: Http2Stream): boolean {
    return this.#open.get(stream.id) === stream;
  }

  /** Undefined when it is over: the peer may not know that yet. */
  find(id: number): Http2Stream | undefined {
    const stream = this.#open.get(id);
    if (stream || (id % 2 === 1 && id < this.#nextId)) return stream;
    throw new Http2Error("PROTOCOL_ERROR", `There is no stream ${id}`);
  }

  /** Whether the stream has got its number; else it waits. */
  begin(stream: Http2Stream, block: Uint8Array): boolean {
    const begins = this.#hasPlace && this.#waiting.size === 0;
    if (begins) this.#number(stream);
    else this.#waiting.set(stream, block);
    return begins;
  }

  /** The next one that waits, if it need not any longer. */
  next(): [stream: Http2Stream, block: Uint8Array] | undefined {
    if (this.#waiting.size === 0 || !this.#hasPlace) return undefined;
    const [next] = this.#waiting;
    if (!next) return undefined;
    this.#waiting.delete(next[0]);
    this.#number(next[0]);
    return next;
  }

  /** False when it is over already. */
  delete(stream: Http2Stream): boolean {
    return this.#waiting.delete(stream) || (this.has(stream) && this.#open.delete(stream.id));
  }

  /** Those that the peer has not looked at when the last of its streams has this number. */
  above(lastId: number): Http2Stream[] {
    return [...[...this.#open.values()].filter(({ id }) => id > lastId), ...this.#waiting.keys()];
  }

  get #hasPlace(): boolean {
    return this.#open.size < this.#settings.maxConcurrentStreams;
  }

  #number(stream: Http2Stream): void {
    stream.id = this.#nextId;
    stream.sendWindow = this.#settings.initialWindowBytes;
    this.#nextId += 2;
    this.#open.set(stream.id, stream);
  }
}
