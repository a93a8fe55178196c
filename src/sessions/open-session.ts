import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";

import type { ChannelRequest, Channels } from "./channels.js";
import type { Session } from "./session.js";
import { resolveStreamingUrl } from "./streaming-url.js";

const protocols = () => import("./protocols.js");
/** Apart, for Node's crypto comes with it, and few runtimes need it. */
const webSocket = () => import("./websocket-channels.js");

/** How sessions are opened at the URLs that a runtime gives. */
export interface StreamingOptions {
  /**
   * `spdy`, `websocket`, or `auto`, the default: SPDY first, since it alone lets a command's input end on every
   * stock runtime, then WebSocket where a runtime refuses it. What a runtime takes is remembered.
   */
  transport?: "auto" | "spdy" | "websocket" | undefined;
  /** Hosts beside this machine that a streaming URL may lead to. None unless given. */
  allowedHosts?: readonly string[] | undefined;
  /** For runtimes that serve sessions by https: certificate authorities, a client's certificate. */
  tls?: (SecureContextOptions & { rejectUnauthorized?: boolean }) | undefined;
}

/** What is known of how a runtime opens sessions. One for each client. */
export class SessionOpener {
  readonly #options: StreamingOptions;
  #transport: "spdy" | "websocket" | undefined;

  constructor(options: StreamingOptions = {}) {
    this.#options = options;
    const { transport = "auto" } = options;
    if (transport !== "auto") this.#transport = transport;
  }

  /** `newUrl` makes the RPC: each attempt needs a URL of its own, since its token is good for one. */
  async open(
    request: ChannelRequest,
    newUrl: () => Promise<string>,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Session> {
    const [channels, { Session }] = await Promise.all([
      this.#openChannels(request, newUrl, signal),
      protocols(),
    ]);
    return new Session(channels, { ...request, signal });
  }

  /** Loads what a session needs, so that the first one does not wait for it. */
  async prepare(): Promise<void> {
    await protocols();
  }

  /**
   * One connection to a port of a pod. By SPDY on every runtime: nothing else carries its end. `into` gets what the
   * port sends, of which the stream then brings the end alone.
   */
  async openPort(
    port: number,
    newUrl: () => Promise<string>,
    options: { signal?: AbortSignal | undefined; into?: Socket | undefined } = {},
  ): Promise<Duplex> {
    const { tls } = this.#options;
    const [url, { openPortConnection }] = await Promise.all([this.#resolve(newUrl), protocols()]);
    return openPortConnection(url, port, { ...options, tls });
  }

  async #openChannels(
    request: ChannelRequest,
    newUrl: () => Promise<string>,
    signal: AbortSignal | undefined,
  ): Promise<Channels> {
    const { tls } = this.#options;
    const byWebSocket = async () => {
      const [url, { openWebSocketChannels }] = await Promise.all([this.#resolve(newUrl), webSocket()]);
      return openWebSocketChannels(url, request, { signal, tls });
    };
    if (this.#transport === "websocket") return byWebSocket();
    // What is loaded is loaded while the runtime answers.
    const [url, { openSpdyChannels, UpgradeRefused }] = await Promise.all([
      this.#resolve(newUrl),
      protocols(),
    ]);
    try {
      const channels = await openSpdyChannels(url, request, { signal, tls });
      this.#transport = "spdy";
      return channels;
    } catch (error) {
      if (this.#transport === "spdy" || !(error instanceof UpgradeRefused)) throw error;
      const channels = await byWebSocket();
      this.#transport = "websocket";
      return channels;
    }
  }

  async #resolve(newUrl: () => Promise<string>): Promise<URL> {
    return resolveStreamingUrl(await newUrl(), this.#options);
  }
}
