import type { Duplex } from "node:stream";

import { type Deferred, deferred } from "../../async/deferred.js";
import { DeadlineError, UnavailableError } from "../../errors.js";
import { connectionLost } from "../connection-lost.js";
import { WireError } from "../wire-error.js";
import { dataHead, FrameReader, maxDataBytes, rstStatus, type SpdyFrame, writeFrame } from "./frames.js";
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from "./headers.js";
import { SpdyStream, type StreamOwner } from "./stream.js";

export interface SpdyOptions {
  /** Which side of the connection this is: the client's streams have odd numbers, the server's even ones. */
  role: "client" | "server";
  /** Gets each stream that the peer opens, already accepted. Streams of the peer are refused unless given. */
  onStream?: ((stream: SpdyStream) => void) | undefined;
  /** How many streams of the peer may be open at a time; 1000 unless given. */
  maxStreams?: number | undefined;
  /**
   * Called when all that one read has brought is with the streams. Unless `isKept` nobody will look at its memory any
   * more.
   */
  onRead?: ((isKept: boolean) => void) | undefined;
}

const defaultMaxStreams = 1000;
/** As long as containerd and kubelet wait for the streams of a session. */
const replyTimeoutMs = 30_000;

/**
 * SPDY/3.1 on a byte stream: many streams, each with half-close. The protocol as used here has no flow
 * control for a stream by itself, so a stream that is not read holds up all of the connection, and nothing is
 * buffered beyond a bound.
 */
export class SpdyConnection implements StreamOwner {
  readonly #socket: Duplex;
  readonly #options: SpdyOptions;
  readonly #reader = new FrameReader();
  /** Headers matter to who takes streams alone; they build on all that came before. */
  readonly #decoder: HeaderDecoder | undefined;
  readonly #encoder = new HeaderEncoder();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #awaited = new Map<number, Deferred<void>>();
  /** Streams whose readers have had enough. */
  readonly #full = new Set<SpdyStream>();
  readonly #closed = deferred<void>();
  #nextId: number;
  #lastPeerId = 0;
  /** The peer has said that it is about to go. */
  #isLeaving = false;
  #isOver = false;
  /** Of the read under way. */
  #isKept = false;

  /** `head` is what was read of the socket before it was handed over. */
  constructor(socket: Duplex, head: Buffer, options: SpdyOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.role === "client" ? 1 : 2;
    if (options.onStream) this.#decoder = new HeaderDecoder();
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    for (const end of ["end", "close"]) socket.once(end, () => this.#end(undefined));
    socket.once("error", (cause) => this.#end(connectionLost(cause)));
    socket.resume();
    if (head.length > 0) this.#receive(head);
  }

  /** Resolves when the connection has ended, whatever the reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Opens a stream and resolves when the peer has accepted it. Without `writable` we have no half of it. */
  open(headers: SpdyHeaders, { writable = true } = {}): Promise<SpdyStream> {
    return this.offer(new SpdyStream(this, this.nextId(), headers, { writable }));
  }

  /** The number of a stream that is to be offered next. */
  nextId(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  /** Asks the peer to accept a stream of ours, and resolves when it has. `fin` ends our half at once. */
  async offer<Stream extends SpdyStream>(stream: Stream, { fin = false } = {}): Promise<Stream> {
    if (this.#isOver || this.#isLeaving) throw connectionLost();
    const { id, headers } = stream;
    this.#streams.set(id, stream);
    const reply = deferred<void>();
    this.#awaited.set(id, reply);
    this.#send({ type: "syn-stream", streamId: id, headerBlock: this.#encoder.encode(headers), fin: false });
    const timer = setTimeout(() => {
      reply.reject(new DeadlineError(`The peer did not accept a stream within ${replyTimeoutMs} ms`));
    }, replyTimeoutMs);
    try {
      await reply.promise;
      if (fin) stream.end();
      return stream;
    } catch (error) {
      stream.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#awaited.delete(id);
    }
  }

  /** Says goodbye and ends the connection once all that was written is sent. */
  close(): void {
    if (this.#isOver) return;
    this.#send({ type: "goaway", lastStreamId: this.#lastPeerId, status: 0 });
    this.#socket.end();
  }

  /** Ends the connection at once; its streams fail with the error. */
  destroy(error?: Error): void {
    this.#end(error);
    this.#socket.destroy();
  }

  sendData(streamId: number, payload: Buffer, fin: boolean, done: (error?: Error | null) => void): void {
    // The peer has reset it, or said goodbye to all: an end is nothing that somebody waits for.
    if (this.#isOver || !this.#streams.has(streamId)) {
      const isLost = this.#isOver && !(this.#isLeaving && payload.length === 0);
      done(isLost ? connectionLost() : null);
      return;
    }
    if (payload.length > maxDataBytes) {
      this.sendData(streamId, payload.subarray(0, maxDataBytes), false, (error) => {
        if (error) done(error);
        else this.sendData(streamId, payload.subarray(maxDataBytes), fin, done);
      });
      return;
    }
    this.#socket.cork();
    this.#socket.write(dataHead(streamId, payload.length, fin), payload.length === 0 ? done : undefined);
    if (payload.length > 0) this.#socket.write(payload, done);
    this.#socket.uncork();
  }

  wanted(stream: SpdyStream): void {
    if (this.#full.delete(stream) && this.#full.size === 0 && !this.#isOver) this.#socket.resume();
  }

  release(stream: SpdyStream, isDone: boolean): void {
    this.#streams.delete(stream.id);
    // A client says nothing: what reaches a server that is about to close makes the kernel drop what it has sent.
    if (this.#options.role === "server" && !isDone && !this.#isOver) {
      this.#send({ type: "rst-stream", streamId: stream.id, status: rstStatus.cancel });
    }
    this.wanted(stream);
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#isKept = false;
    try {
      for (const frame of this.#reader.read(chunk)) this.#handle(frame);
      this.#options.onRead?.(this.#isKept);
    } catch (error) {
      this.destroy(
        error instanceof WireError ? error : new WireError("A SPDY frame cannot be read", { cause: error }),
      );
    }
  }

  #handle(frame: SpdyFrame): void {
    switch (frame.type) {
      case "data":
        this.#handleData(frame.streamId, frame.payload, frame.fin);
        return;
      case "syn-stream":
        this.#accept(frame.streamId, this.#decoder?.decode(frame.headerBlock), frame.fin);
        return;
      case "headers":
        this.#decoder?.decode(frame.headerBlock);
        return;
      case "syn-reply":
        this.#decoder?.decode(frame.headerBlock);
        this.#awaited.get(frame.streamId)?.resolve();
        // At once: what the same read brings next is of a stream that stands.
        this.#awaited.delete(frame.streamId);
        if (frame.fin) this.#streams.get(frame.streamId)?.receiveEnd();
        return;
      case "rst-stream":
        this.#handleReset(frame.streamId, frame.status);
        return;
      case "ping":
        if (frame.id % 2 !== this.#nextId % 2) this.#send(frame);
        return;
      case "goaway":
        this.#isLeaving = true;
        return;
    }
  }

  #handleData(streamId: number, payload: Buffer, fin: boolean): void {
    const stream = this.#streams.get(streamId);
    // Late data of a stream that was given up on our side.
    if (!stream || stream.isWhole || stream.destroyed) return;
    if (payload.length > 0) {
      if (!stream.receive(payload)) {
        this.#full.add(stream);
        this.#socket.pause();
      }
      if (stream.keeps) this.#isKept = true;
    }
    if (fin) stream.receiveEnd();
  }

  #accept(streamId: number, headers: SpdyHeaders | undefined, fin: boolean): void {
    const { onStream, maxStreams = defaultMaxStreams } = this.#options;
    if (streamId % 2 === this.#nextId % 2 || streamId <= this.#lastPeerId) {
      throw new WireError(`The peer opened stream ${streamId}, which is not its next one`);
    }
    this.#lastPeerId = streamId;
    if (!onStream || !headers || this.#streams.size >= maxStreams) {
      this.#send({ type: "rst-stream", streamId, status: rstStatus.refusedStream });
      return;
    }
    const stream = new SpdyStream(this, streamId, headers);
    this.#streams.set(streamId, stream);
    // At once: clients open their streams one after the other and wait for each reply.
    this.#send({ type: "syn-reply", streamId, headerBlock: this.#encoder.encode({}), fin: false });
    onStream(stream);
    if (fin) stream.receiveEnd();
  }

  /** containerd ends the status stream of an exec that way: what came before counts. */
  #handleReset(streamId: number, status: number): void {
    const awaited = this.#awaited.get(streamId);
    if (awaited) {
      awaited.reject(new UnavailableError(`The peer refused a stream (SPDY status ${status})`));
      return;
    }
    const stream = this.#streams.get(streamId);
    if (!stream) return;
    this.#streams.delete(streamId);
    stream.receiveEnd();
  }

  #send(frame: SpdyFrame): void {
    if (!this.#isOver) this.#socket.write(writeFrame(frame));
  }

  /** After a goodbye the end of the connection is the end of each stream; without one it is a loss. */
  #end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const cause = error ?? (this.#isLeaving ? undefined : connectionLost());
    for (const waiting of this.#awaited.values()) waiting.reject(cause ?? connectionLost());
    for (const stream of this.#streams.values()) {
      if (cause === undefined) stream.receiveEnd();
      else if (!stream.isWhole || stream.readableEnded) stream.destroy(cause);
      // It has come whole and waits for a slow reader: only who still writes has lost something.
      else stream.once("end", () => stream.destroy(stream.writableFinished ? undefined : cause));
    }
    this.#socket.end();
    this.#closed.resolve();
  }
}
