import { Duplex } from "node:stream";
import { finished } from "node:stream/promises";

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
    const stream = new PortStream(port, data, trouble);
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

/**
 * The bytes of a connection. One that brought some has stood, and ends when they do. One that brought none does not end
 * well before it is known that nothing went wrong: runtimes may tell that nobody listens behind the end.
 */
class PortStream extends Duplex {
  readonly #data: SpdyStream;

  constructor(port: number, data: SpdyStream, trouble: SpdyStream) {
    super({ allowHalfOpen: true });
    this.#data = data;
    let hasStood = false;
    let said = "";
    data.on("data", (chunk: Buffer) => {
      hasStood = true;
      if (!this.push(chunk)) data.pause();
    });
    data.on("error", (error) => this.destroy(error));
    trouble.on("data", (words: Buffer) => {
      said += words.toString("utf8");
    });
    // When the connection is lost, the bytes have the same fate and tell it.
    const over = finished(trouble, { writable: false }).catch(() => undefined);
    data.on("end", () => {
      if (hasStood && said === "") this.push(null);
      else void over.then(() => said === "" && this.push(null));
    });
    void over.then(() => {
      if (said === "") return;
      this.destroy(new CriError("unavailable", `Port ${port} of the pod: ${said.trim()}`));
    });
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
