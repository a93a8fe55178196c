import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";

import type { ChannelRequest, Channels } from "./channels.js";
import type { Session } from "./session.js";
import { resolveStreamingUrl } from "./streaming-url.js";

const protocols = () => import("./protocols.js");

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
    const { Session } = await protocols();
    return new Session(await this.#openChannels(request, newUrl, signal), { ...request, signal });
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
    const { openPortConnection } = await protocols();
    const { tls } = this.#options;
    return openPortConnection(resolveStreamingUrl(await newUrl(), this.#options), port, { ...options, tls });
  }

  async #openChannels(
    request: ChannelRequest,
    newUrl: () => Promise<string>,
    signal: AbortSignal | undefined,
  ): Promise<Channels> {
    const { openSpdyChannels, openWebSocketChannels, UpgradeRefused } = await protocols();
    const { tls } = this.#options;
    const url = async () => resolveStreamingUrl(await newUrl(), this.#options);
    if (this.#transport === "websocket") return openWebSocketChannels(await url(), request, { signal, tls });
    try {
      const channels = await openSpdyChannels(await url(), request, { signal, tls });
      this.#transport = "spdy";
      return channels;
    } catch (error) {
      if (this.#transport === "spdy" || !(error instanceof UpgradeRefused)) throw error;
      const channels = await openWebSocketChannels(await url(), request, { signal, tls });
      this.#transport = "websocket";
      return channels;
    }
  }
}
