import type { Channel } from "node:diagnostics_channel";
import { Code, ConnectError } from "@connectrpc/connect";
import { deferred } from "../async/deferred.js";
import { type ConnectionDiagnostics, channels } from "../diagnostics/channels.js";
import { CriError } from "../errors.js";
import { DialGate } from "./dial-gate.js";
import type { Endpoint } from "./endpoint.js";
import { type EndError, Session } from "./session.js";

/**
 * Gives each call its session: the one there is, or a new one when there is none or it has ended. A session
 * that was told to go away stays with the calls it has until they are done.
 */
export class Sessions {
  readonly #endpoint: Endpoint;
  readonly #gate: DialGate;
  readonly #live = new Set<Session>();
  readonly #closed = deferred<void>();
  #current: Session | undefined;
  #dialling: Promise<Session> | undefined;
  #isClosed = false;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#gate = new DialGate(endpoint.path);
  }

  /** Resolves once `close` was called and every session is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Without a promise when there is a session, which is nearly always. */
  get(): Session | Promise<Session> {
    if (this.#isClosed) return Promise.reject(closeError());
    if (this.#current?.isUsable) return this.#current;
    this.#dialling ??= this.#dial().finally(() => {
      this.#dialling = undefined;
      this.#resolveWhenGone();
    });
    return this.#dialling;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const session of this.#live) session.destroy(closeError);
    this.#resolveWhenGone();
  }

  async #dial(): Promise<Session> {
    this.#gate.enter();
    let session: Session | undefined;
    let healthy = false;
    let ended: EndError | undefined;
    session = await Session.dial(this.#endpoint.path, {
      onHealthy: () => {
        healthy = true;
        this.#gate.open();
      },
      onEnd: (error) => {
        ended = error;
        if (session) this.#live.delete(session);
        if (!healthy && !this.#isClosed) this.#gate.shut(error());
        if (session) this.#tell(channels.disconnect, () => ({ error: error() }));
        else this.#tell(channels.refused, () => ({ error: error(), waitMs: this.#gate.waitMs }));
        this.#resolveWhenGone();
      },
    });
    if (this.#isClosed) {
      session.destroy(closeError);
      throw closeError();
    }
    // Between the dial and this line, as when the runtime hangs up at once.
    if (ended) throw ended();
    this.#live.add(session);
    this.#current = session;
    this.#tell(channels.connect, () => ({}));
    return session;
  }

  #tell(channel: Channel, event: () => Omit<ConnectionDiagnostics, "endpoint">): void {
    if (channel.hasSubscribers) channel.publish({ endpoint: this.#endpoint.address, ...event() });
  }

  #resolveWhenGone(): void {
    if (this.#isClosed && !this.#dialling && this.#live.size === 0) this.#closed.resolve();
  }
}

export function closeError(): ConnectError {
  const message = "The connection was closed by its owner";
  return new ConnectError(message, Code.Canceled, undefined, undefined, new CriError("closed", message));
}
