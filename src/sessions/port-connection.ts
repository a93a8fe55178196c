import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";

import { CriError } from "../errors.js";
import { SpdyConnection } from "../wire/spdy/connection.js";
import type { SpdyStream } from "../wire/spdy/stream.js";
import { type UpgradeOptions, upgrade } from "./upgrade.js";

const protocol = "portforward.k8s.io";

/**
 * Opens one connection to a port of a pod. Each has a SPDY connection to itself: on a shared one containerd
 * 1.6 lets a port that refuses take later connections with it.
 */
export async function openPortConnection(
  url: URL,
  port: number,
  options: Pick<UpgradeOptions, "signal" | "tls">,
): Promise<Duplex> {
  const { socket, head } = await upgrade(url, {
    ...options,
    method: "POST",
    headers: { connection: "Upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": protocol },
  });
  socket.setNoDelay();
  const connection = new SpdyConnection(socket, head, { role: "client" });
  const onAbort = () => connection.destroy(options.signal?.reason);
  const forget = () => options.signal?.removeEventListener("abort", onAbort);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const headers = { port: String(port), requestid: "0" };
    const trouble = await connection.open({ ...headers, streamtype: "error" }, { fin: true });
    const data = await connection.open({ ...headers, streamtype: "data" });
    const stream = new PortStream(data, readTrouble(trouble, port));
    stream.once("close", () => {
      forget();
      connection.close();
    });
    return stream;
  } catch (error) {
    forget();
    connection.destroy();
    throw error;
  }
}

/** What the runtime says went wrong; nothing when all went well, or the data has the same fate and tells it. */
async function readTrouble(trouble: SpdyStream, port: number): Promise<CriError | undefined> {
  const said = await text(trouble).catch(() => "");
  return said === "" ? undefined : new CriError("unavailable", `Port ${port} of the pod: ${said.trim()}`);
}

/** The bytes of a connection. They do not end well before it is known that nothing went wrong. */
class PortStream extends Duplex {
  readonly #data: SpdyStream;

  constructor(data: SpdyStream, trouble: Promise<CriError | undefined>) {
    super({ allowHalfOpen: true });
    this.#data = data;
    data.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) data.pause();
    });
    data.on("error", (error) => this.destroy(error));
    data.on("end", () => void trouble.then((error) => error ?? this.push(null)));
    void trouble.then((error) => error && this.destroy(error));
  }

  override _read(): void {
    this.#data.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#data.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#data.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#data.destroy();
    done(error);
  }
}
