import { createConnection } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { Http2Connection } from "../wire/http2/connection.js";
import { Http2Error } from "../wire/http2/http2-error.js";
import type { Http2Stream, StreamEvents } from "../wire/http2/stream.js";

/** Made only when it is asked for: web Headers, which a `ConnectError` has, take longer to load than a call takes. */
export type EndError = () => ConnectError;

export interface SessionEvents {
  /** The runtime has sent its SETTINGS: it speaks HTTP/2. */
  onHealthy(): void;
  /** No call can begin or go on any more; called once. */
  onEnd(error: EndError): void;
}

/**
 * All sessions read into it, each time as much as libuv reads at once: what is read is taken at once, too. A new buffer
 * for each read of a list makes V8 collect garbage in the middle of it.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** One HTTP/2 session. It holds the process open while a call is in flight on it, and only then. */
export class Session {
  readonly #http2: Http2Connection;
  readonly #path: string;
  readonly #events: SessionEvents;
  #healthy = false;
  #ended: EndError | undefined;

  private constructor(path: string, events: SessionEvents, onConnect: (session: Session) => void) {
    this.#path = path;
    this.#events = events;
    const socket = createConnection({
      path,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          this.#http2.receive(readBuffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.once("connect", () => {
      socket.unref();
      onConnect(this);
    });
    this.#http2 = new Http2Connection(socket, {
      onSettings: () => {
        this.#healthy = true;
        events.onHealthy();
      },
      onClose: (error) => this.#end(error),
    });
  }

  /** Resolves when the socket is connected; rejects with the `ConnectError` of a failed dial. */
  static dial(path: string, events: SessionEvents): Promise<Session> {
    return new Promise((resolve, reject) => {
      let isConnected = false;
      const onEnd = (error: EndError) => {
        if (!isConnected) reject(error());
        events.onEnd(error);
      };
      new Session(path, { onHealthy: events.onHealthy, onEnd }, (session) => {
        isConnected = true;
        resolve(session);
      });
    });
  }

  /** Whether a call can begin: false after GOAWAY, also while calls are finishing. */
  get isUsable(): boolean {
    return this.#http2.isUsable;
  }

  /** Why the session is over, undefined while calls can go on. */
  get endError(): ConnectError | undefined {
    return this.#ended?.();
  }

  /** Begins a call by its header block and its body. */
  begin(headers: Uint8Array, body: Uint8Array, events: StreamEvents): Http2Stream {
    return this.#http2.request(headers, body, events);
  }

  /** Ends the session and every call on it, with this error. */
  destroy(error: EndError): void {
    this.#endWith(error);
    this.#http2.close();
  }

  #end(cause: Error | undefined): void {
    const message = this.#endMessage(cause);
    this.#endWith(() => new ConnectError(message, Code.Unavailable, undefined, undefined, cause));
  }

  #endWith(error: EndError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#events.onEnd(error);
  }

  #endMessage(cause: Error | undefined): string {
    const { goaway } = this.#http2;
    if (goaway) return `The runtime has ended the connection: GOAWAY ${goaway}`;
    if (this.#healthy && cause instanceof Http2Error)
      return `The runtime has broken HTTP/2: ${cause.message}`;
    const reason = cause ? `: ${cause.message}` : "";
    if (this.#healthy) return `The runtime has closed the connection${reason}`;
    return `The connection to ${this.#path} could not be made${reason || ": closed before any answer"}`;
  }
}
