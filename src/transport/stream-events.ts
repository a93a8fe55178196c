import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { ResponseHeaders } from "./response-check.js";

/** What a call hears of its HTTP/2 stream. */
export interface StreamEvents {
  onResponse(headers: ResponseHeaders, flags: number): void;
  onData(chunk: Uint8Array): void;
  onTrailers(trailers: IncomingHttpHeaders): void;
  /** The last; with the error that the stream ended with, if any. */
  onClose(rstCode: number, error: Error | undefined): void;
}

const listener = Symbol("listener");
const failure = Symbol("failure");

interface HeardStream extends ClientHttp2Stream {
  [listener]?: StreamEvents | undefined;
  [failure]?: Error;
}

/**
 * Tells of the stream's events until `release`. The handlers are the same functions for all calls, because
 * node:http2 holds on to a stream for some time after its end: closures over the call would be held with it, and
 * the garbage collector would copy them about (a tenth of the time of calls in parallel).
 */
export function listen(stream: HeardStream, events: StreamEvents): void {
  stream[listener] = events;
  stream.on("response", onResponse);
  stream.on("data", onData);
  stream.on("trailers", onTrailers);
  stream.on("error", onError);
  stream.on("close", onClose);
}

/** Errors that come later are still caught, and told to nobody. */
export function release(stream: HeardStream): void {
  stream[listener] = undefined;
}

function onResponse(this: HeardStream, headers: ResponseHeaders, flags: number): void {
  this[listener]?.onResponse(headers, flags);
}

function onData(this: HeardStream, chunk: Uint8Array): void {
  this[listener]?.onData(chunk);
}

function onTrailers(this: HeardStream, trailers: IncomingHttpHeaders): void {
  this[listener]?.onTrailers(trailers);
}

function onError(this: HeardStream, error: Error): void {
  this[failure] = error;
}

function onClose(this: HeardStream): void {
  this[listener]?.onClose(this.rstCode ?? 0, this[failure]);
}
