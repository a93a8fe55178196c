import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from "node:http2";
import { createConnection } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { http2CodeName } from "./reset-error.js";

/**
 * What the runtime may send of one answer before the client has read any of it. With HTTP/2's default of 64 KiB a
 * list of 8 MiB takes five times as long; above 256 KiB nothing is gained any more.
 */
const streamWindowBytes = 1024 * 1024;
/** The same for all calls together. Node hands a paused call's bytes on, so that one cannot starve the rest. */
const sessionWindowBytes = 16 * 1024 * 1024;

/** The largest number of calls on one session: HTTP/2 has 31 bits for odd stream numbers. */
const maxCalls = 2 ** 30 - 1;

export interface SessionEvents {
  /** The runtime has sent its SETTINGS: it speaks HTTP/2. */
  onHealthy(): void;
  /** No call can begin or go on any more; called once. */
  onEnd(error: ConnectError): void;
}

/** One HTTP/2 session. It holds the process open while a call is in flight on it, and only then. */
export class Session {
  readonly #http2: ClientHttp2Session;
  readonly #path: string;
  readonly #events: SessionEvents;
  #callsInFlight = 0;
  #callsBegun = 0;
  #healthy = false;
  #goaway: string | undefined;
  #ended: ConnectError | undefined;

  private constructor(path: string, events: SessionEvents) {
    this.#path = path;
    this.#events = events;
    const socket = createConnection(path);
    // Listening before node:http2 does, so that the end is known when the streams hear of it.
    socket.once("error", (error) => this.#end(error));
    socket.once("end", () => this.#end());
    socket.once("close", () => this.#end());
    this.#http2 = connect("http://localhost", {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
      // In MiB, for requests and responses on their way; the default of 10 is less than one big list.
      maxSessionMemory: 256,
    });
    this.#http2.once("remoteSettings", () => {
      this.#healthy = true;
      events.onHealthy();
    });
    this.#http2.on("goaway", (code, _last, data) => {
      this.#goaway = `${http2CodeName(code)}${data ? ` ${Buffer.from(data).toString("latin1")}` : ""}`;
    });
    this.#http2.on("error", (error) => this.#end(error));
  }

  /** Resolves when the socket is connected; rejects with the `ConnectError` of a failed dial. */
  static dial(path: string, events: SessionEvents): Promise<Session> {
    return new Promise((resolve, reject) => {
      const session = new Session(path, {
        onHealthy: events.onHealthy,
        onEnd: (error) => {
          reject(error);
          events.onEnd(error);
        },
      });
      session.#http2.once("connect", () => {
        session.#http2.setLocalWindowSize(sessionWindowBytes);
        session.#http2.unref();
        resolve(session);
      });
    });
  }

  /** Whether a call can begin: false after GOAWAY, also while calls are finishing. */
  get isUsable(): boolean {
    return !this.#ended && !this.#http2.closed && !this.#http2.destroyed && this.#callsBegun < maxCalls;
  }

  /**
   * Why the session is over, undefined while calls can go on. A call may learn of the end before the session
   * does, and says by which error.
   */
  endError(cause?: Error): ConnectError | undefined {
    if (this.#http2.destroyed) this.#end(cause);
    return this.#ended;
  }

  /** Begins a call; `finish` must be called once it is over. */
  begin(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#http2.request(headers);
    this.#callsBegun += 1;
    if (++this.#callsInFlight === 1) this.#http2.ref();
    return stream;
  }

  finish(): void {
    if (--this.#callsInFlight === 0) this.#http2.unref();
    if (this.#callsBegun >= maxCalls) this.#http2.close();
  }

  /** Ends the session and every call on it, with this error. */
  destroy(error: ConnectError): void {
    this.#endWith(error);
    this.#http2.destroy();
  }

  #end(cause?: Error): void {
    if (this.#ended) return;
    this.#endWith(new ConnectError(this.#endMessage(cause), Code.Unavailable, undefined, undefined, cause));
  }

  #endWith(error: ConnectError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#events.onEnd(error);
  }

  #endMessage(cause: Error | undefined): string {
    if (this.#goaway) return `The runtime has ended the connection: GOAWAY ${this.#goaway}`;
    const reason = cause ? `: ${cause.message}` : "";
    if (this.#healthy) return `The runtime has closed the connection${reason}`;
    return `The connection to ${this.#path} could not be made${reason || ": closed before any answer"}`;
  }
}
