import type { Duplex } from "node:stream";
import { FrameReader, type FrameSink } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { type HeaderBlock, HeaderBlocks } from "./header-blocks.js";
import { FieldList } from "./header-fields.js";
import { HeaderDecoder } from "./hpack/header-decoder.js";
import { Http2Error } from "./http2-error.js";
import { defaultWindowBytes, errorCodes, errorName, flags, frameTypes, max31 } from "./protocol.js";
import { ReceiveWindow } from "./receive-window.js";
import { RequestSender } from "./request-sender.js";
import { applySettings, defaultPeerSettings, ownSettings } from "./settings.js";
import { Http2Stream, type StreamEvents, type StreamOwner } from "./stream.js";
import { Streams } from "./streams.js";

/** For all answers together. It does not wait for readers, so that a slow one cannot starve the rest. */
const windowBytes = 16 * 1024 * 1024;
/** So many answers to the peer's own questions may wait until it reads them. */
const maxUnreadAcks = 1000;
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** What a header block begins with to say that the table of fields, which is not used, is empty. */
const emptyTable = Buffer.of(0x20);

/** A socket of `node:net`, or what is like one. Whoever has made it reads from it. */
export interface Http2Socket extends Duplex {
  ref(): unknown;
  unref(): unknown;
}

export interface ConnectionEvents {
  /** The peer has sent its SETTINGS: it speaks HTTP/2. */
  onSettings(): void;
  /** No stream can begin or go on any more; called once, before the streams hear of it. */
  onClose(error: Error | undefined): void;
}

/** The client's side of an HTTP/2 connection (RFC 9113). It refs its socket while a stream is open, and only then. */
export class Http2Connection implements FrameSink, StreamOwner {
  readonly #socket: Http2Socket;
  readonly #events: ConnectionEvents;
  readonly #settings = defaultPeerSettings();
  readonly #reader = new FrameReader(this);
  readonly #blocks = new HeaderBlocks();
  readonly #decoder = new HeaderDecoder();
  readonly #window = new ReceiveWindow(windowBytes);
  readonly #writer: FrameWriter;
  readonly #sender: RequestSender;
  readonly #streams: Streams;
  #isHealthy = false;
  #goaway: string | undefined;
  #isClosed = false;
  #mustEmptyTable = false;
  #unreadAcks = 0;

  /** Streams have the odd numbers from the first one on. */
  constructor(socket: Http2Socket, events: ConnectionEvents, firstId = 1) {
    this.#socket = socket;
    this.#events = events;
    this.#streams = new Streams(this.#settings, firstId);
    this.#writer = new FrameWriter(socket);
    this.#sender = new RequestSender(this.#writer, this.#settings);
    socket.once("end", () => this.#close(undefined));
    socket.once("close", () => this.#close(undefined));
    socket.on("error", (error) => this.#close(error));
    this.#writer.bytes(preface);
    this.#writer.frame(frameTypes.settings, 0, 0, ownSettings());
    this.#writer.windowUpdate(0, windowBytes - defaultWindowBytes);
  }

  /** Whether a stream can begin: false after GOAWAY, also while streams are finishing. */
  get isUsable(): boolean {
    return this.#streams.hasNumbers && !this.#goaway && !this.#isClosed && !this.#socket.destroyed;
  }

  /** What the peer has said when it went away: the name of a code and its text. */
  get goaway(): string | undefined {
    return this.#goaway;
  }

  /** Takes what the socket has read. The bytes are the caller's again afterwards: what is kept of them is copied. */
  receive(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#goAway(error.http2Code, error);
    }
  }

  /** Sends a request, or lets it wait for its turn when the peer takes no more at once. */
  request(block: Uint8Array, body: Uint8Array, events: StreamEvents): Http2Stream {
    const stream = new Http2Stream(this, body, events);
    if (this.#streams.isEmpty) this.#socket.ref();
    if (this.#streams.begin(stream, block)) this.#send(stream, block);
    return stream;
  }

  /** Ends the connection and every stream on it. */
  close(): void {
    this.#goAway(errorCodes.NO_ERROR, undefined);
  }

  reset(stream: Http2Stream, code: number): void {
    if (this.#isClosed) return;
    this.#drop(stream, code);
    this.#closeWhenDone();
  }

  giveBack(stream: Http2Stream): void {
    if (stream.isPaused || this.#isClosed || !this.#streams.has(stream)) return;
    const bytes = stream.receiveWindow.giveBack();
    if (bytes > 0) this.#writer.windowUpdate(stream.id, bytes);
  }

  onFrame(type: number, frameFlags: number, streamId: number, payload: Buffer): void {
    if (this.#isClosed) return;
    if (this.#blocks.isOpen && type !== frameTypes.continuation) throw brokenBlock();
    if (streamId === 0) this.#onConnectionFrame(type, frameFlags, payload);
    else this.#onStreamFrame(type, frameFlags, streamId, payload);
  }

  onData(streamId: number, piece: Buffer, flowBytes: number, isEnd: boolean): void {
    if (this.#isClosed) return;
    if (this.#blocks.isOpen) throw brokenBlock();
    this.#window.take(flowBytes);
    const bytes = this.#window.giveBack();
    if (bytes > 0) this.#writer.windowUpdate(0, bytes);
    const stream = this.#streams.find(streamId);
    if (!stream) return;
    stream.receiveWindow.take(flowBytes);
    this.#afterTaking(stream, stream.takeData(piece), isEnd);
  }

  /** Frames of types that are not known are passed over. */
  #onStreamFrame(type: number, frameFlags: number, streamId: number, payload: Buffer): void {
    switch (type) {
      case frameTypes.headers:
        this.#onBlock(this.#blocks.begin(frameFlags, streamId, payload));
        break;
      case frameTypes.continuation:
        this.#onBlock(this.#blocks.continue(frameFlags, streamId, payload));
        break;
      case frameTypes.rstStream:
        requireLength(payload, 4);
        this.#end(this.#streams.find(streamId), payload.readUInt32BE());
        break;
      case frameTypes.windowUpdate:
        this.#sender.enlarge(this.#streams.find(streamId), increment(payload));
        break;
      case frameTypes.pushPromise:
        throw new Http2Error("PROTOCOL_ERROR", "The peer pushes an answer that nobody has asked for");
      case frameTypes.settings:
      case frameTypes.ping:
      case frameTypes.goaway:
        throw wrongPlace(type, streamId);
    }
  }

  #onConnectionFrame(type: number, frameFlags: number, payload: Buffer): void {
    const isAck = (frameFlags & flags.ack) !== 0;
    switch (type) {
      case frameTypes.settings:
        if (isAck) requireLength(payload, 0);
        else this.#onSettings(payload);
        break;
      case frameTypes.ping:
        requireLength(payload, 8);
        if (!isAck) this.#acknowledge(type, payload);
        break;
      case frameTypes.goaway:
        this.#onGoaway(payload);
        break;
      case frameTypes.windowUpdate:
        this.#sender.enlargeAll(increment(payload));
        break;
      case frameTypes.headers:
      case frameTypes.continuation:
      case frameTypes.rstStream:
      case frameTypes.pushPromise:
        throw wrongPlace(type, 0);
    }
  }

  #onBlock(block: HeaderBlock | undefined): void {
    if (!block) return;
    const stream = this.#streams.find(block.streamId);
    const list = new FieldList();
    // Those of streams that are over, too: all blocks build up the same table.
    this.#decoder.decode(block.bytes, list);
    if (stream) this.#afterTaking(stream, stream.takeHeader(list, block.isEnd), block.isEnd);
  }

  /** The stream has taken something, in which something may be wrong, or be the end. */
  #afterTaking(stream: Http2Stream, wrong: string | undefined, isEnd: boolean): void {
    if (wrong !== undefined) {
      this.#drop(stream, errorCodes.PROTOCOL_ERROR);
      stream.events.onClose(errorCodes.PROTOCOL_ERROR, new Error(`The answer has ${wrong}`));
      this.#closeWhenDone();
    } else if (isEnd) {
      this.#end(stream, errorCodes.NO_ERROR);
    } else {
      this.giveBack(stream);
    }
  }

  #onSettings(payload: Buffer): void {
    const { headerTableBytes, initialWindowBytes } = this.#settings;
    if (!this.#isHealthy) this.#settings.maxConcurrentStreams = Number.POSITIVE_INFINITY;
    applySettings(this.#settings, payload);
    this.#acknowledge(frameTypes.settings);
    if (this.#settings.headerTableBytes < headerTableBytes) this.#mustEmptyTable = true;
    for (const stream of this.#streams) {
      this.#sender.enlarge(stream, this.#settings.initialWindowBytes - initialWindowBytes);
    }
    this.#sendWaiting();
    if (this.#isHealthy) return;
    this.#isHealthy = true;
    this.#events.onSettings();
  }

  /** A peer that asks without end and reads no answers would have us hold more and more of them. */
  #acknowledge(type: number, payload?: Buffer): void {
    this.#unreadAcks = this.#socket.writableNeedDrain ? this.#unreadAcks + 1 : 0;
    if (this.#unreadAcks > maxUnreadAcks) {
      throw new Http2Error("ENHANCE_YOUR_CALM", "The peer asks on and on and reads no answers");
    }
    this.#writer.frame(type, flags.ack, 0, payload);
  }

  /** The peer takes no more streams. With an error it is about to end those that there are, too. */
  #onGoaway(payload: Buffer): void {
    if (payload.length < 8) throw new Http2Error("FRAME_SIZE_ERROR", "A GOAWAY frame is cut short");
    const code = payload.readUInt32BE(4);
    this.#goaway = `${errorName(code)} ${payload.toString("latin1", 8)}`.trimEnd();
    if (code !== errorCodes.NO_ERROR) {
      this.#close(undefined);
      return;
    }
    for (const stream of this.#streams.above(payload.readUInt32BE() & max31)) {
      this.#end(stream, errorCodes.REFUSED_STREAM);
    }
    this.#closeWhenDone();
  }

  #send(stream: Http2Stream, block: Uint8Array): void {
    const whole = this.#mustEmptyTable ? Buffer.concat([emptyTable, block]) : block;
    this.#mustEmptyTable = false;
    this.#writer.headers(stream.id, whole, this.#settings.maxFrameBytes);
    this.#sender.send(stream);
  }

  #sendWaiting(): void {
    if (this.#goaway) return;
    for (let next = this.#streams.next(); next; next = this.#streams.next()) this.#send(...next);
  }

  /** The peer has ended the stream: it wants no more of a request that is not sent yet. */
  #end(stream: Http2Stream | undefined, code: number): void {
    if (!stream || !this.#forget(stream)) return;
    if (stream.unsent && code === errorCodes.NO_ERROR) this.#writer.rstStream(stream.id, errorCodes.CANCEL);
    stream.events.onClose(code, undefined);
    this.#closeWhenDone();
  }

  #drop(stream: Http2Stream, code: number): void {
    if (this.#streams.has(stream)) this.#writer.rstStream(stream.id, code);
    this.#forget(stream);
  }

  /** False when it is over already. */
  #forget(stream: Http2Stream): boolean {
    if (!this.#streams.delete(stream)) return false;
    this.#sender.forget(stream);
    this.#sendWaiting();
    if (this.#streams.isEmpty) this.#socket.unref();
    return true;
  }

  #closeWhenDone(): void {
    if (!this.isUsable && this.#streams.isEmpty) this.#goAway(errorCodes.NO_ERROR, undefined);
  }

  #goAway(code: number, error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#writer.goaway(code, error?.message ?? "");
    this.#close(error);
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writer.flush();
    this.#socket.destroy();
    this.#events.onClose(error);
    for (const stream of this.#streams.above(0)) stream.events.onClose(errorCodes.CANCEL, error);
  }
}

function requireLength(payload: Buffer, length: number): void {
  if (payload.length === length) return;
  throw new Http2Error("FRAME_SIZE_ERROR", `A frame of ${payload.length} bytes ought to have ${length}`);
}

/** What a WINDOW_UPDATE frame adds. */
function increment(payload: Buffer): number {
  requireLength(payload, 4);
  const bytes = payload.readUInt32BE() & max31;
  if (bytes === 0) throw new Http2Error("PROTOCOL_ERROR", "A window is enlarged by nothing");
  return bytes;
}

function wrongPlace(type: number, streamId: number): Http2Error {
  return new Http2Error("PROTOCOL_ERROR", `A frame of type ${type} does not belong to stream ${streamId}`);
}

function brokenBlock(): Http2Error {
  return new Http2Error("PROTOCOL_ERROR", "Another frame comes inside a header block");
}
