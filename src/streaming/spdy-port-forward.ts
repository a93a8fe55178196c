import { DeadlineError } from "../errors.js";
import type { SpdyStream } from "../wire/spdy/stream.js";
import type { StreamingRuntime } from "./streaming-runtime.js";

export const portForwardProtocol = "portforward.k8s.io";

const pairTimeoutMs = 30_000;

interface Pair {
  error?: SpdyStream;
  data?: SpdyStream;
  timer: NodeJS.Timeout;
}

/** The connections of one port-forward session: each is a pair of streams, one for bytes and one for trouble. */
export class SpdyPortForward {
  readonly #runtime: StreamingRuntime;
  readonly #podSandboxId: string;
  readonly #pairs = new Map<string, Pair>();

  constructor(runtime: StreamingRuntime, podSandboxId: string) {
    this.#runtime = runtime;
    this.#podSandboxId = podSandboxId;
  }

  add(stream: SpdyStream): void {
    const { streamtype, port = "", requestid = "" } = stream.headers;
    const key = `${port} ${requestid}`;
    if ((streamtype !== "error" && streamtype !== "data") || !isPort(port)) {
      stream.destroy();
      return;
    }
    const pair = this.#pairs.get(key) ?? { timer: setTimeout(() => this.#giveUp(key), pairTimeoutMs) };
    this.#pairs.set(key, pair);
    pair[streamtype] = stream;
    const { error, data, timer } = pair;
    if (!error || !data) return;
    clearTimeout(timer);
    this.#pairs.delete(key);
    void this.#carry(Number(port), error, data);
  }

  async #carry(port: number, error: SpdyStream, data: SpdyStream): Promise<void> {
    try {
      await this.#runtime.portForward(this.#podSandboxId, port, data);
      error.end();
    } catch (cause) {
      error.end(cause instanceof Error ? cause.message : String(cause));
      data.end();
    }
    // What is sent to a port that has gone is dropped, so that it cannot hold up the other connections.
    data.resume();
    error.resume();
  }

  #giveUp(key: string): void {
    const pair = this.#pairs.get(key);
    this.#pairs.delete(key);
    const missing = new DeadlineError("The client did not open both streams of a connection");
    for (const stream of [pair?.error, pair?.data]) stream?.destroy(missing);
  }

  /** The connection has gone. */
  close(): void {
    for (const { timer } of this.#pairs.values()) clearTimeout(timer);
    this.#pairs.clear();
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 0xffff;
}
