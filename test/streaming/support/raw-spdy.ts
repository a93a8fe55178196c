import { once } from "node:events";
import { connect } from "node:net";

import { FrameReader, type SpdyFrame, writeFrame } from "../../../src/wire/spdy/frames.js";
import { HeaderEncoder } from "../../../src/wire/spdy/headers.js";

/** A SPDY client that speaks by hand, and in one breath: what it has to say goes with the upgrade. */
export class RawSpdy implements Disposable {
  readonly frames: SpdyFrame[] = [];
  readonly #encoder = new HeaderEncoder();
  readonly #socket;

  constructor(url: string, protocol: string, streams: readonly Record<string, string>[]) {
    const { port, hostname, pathname } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    const lines = [
      `POST ${pathname} HTTP/1.1`,
      `Host: ${hostname}`,
      "Connection: Upgrade",
      "Upgrade: SPDY/3.1",
      `X-Stream-Protocol-Version: ${protocol}`,
    ];
    this.#socket.write([...lines, "", ""].join("\r\n"));
    for (const [index, headers] of streams.entries()) this.open(2 * index + 1, headers);
    let answer = Buffer.alloc(0);
    let isUpgraded = false;
    const reader = new FrameReader();
    this.#socket
      .on("error", () => {})
      .on("data", (chunk) => {
        if (isUpgraded) {
          this.frames.push(...reader.read(chunk));
          return;
        }
        answer = Buffer.concat([answer, chunk]);
        const end = answer.indexOf("\r\n\r\n");
        isUpgraded = end >= 0;
        if (isUpgraded) this.frames.push(...reader.read(answer.subarray(end + 4)));
      });
  }

  open(streamId: number, headers: Record<string, string>): void {
    this.send({ type: "syn-stream", streamId, headerBlock: this.#encoder.encode(headers), fin: false });
  }

  send(frame: SpdyFrame): void {
    this.#socket.write(writeFrame(frame));
  }

  /** What came on a stream, as text. */
  said(streamId: number): string {
    return this.frames
      .map((frame) => (frame.type === "data" && frame.streamId === streamId ? frame.payload.toString() : ""))
      .join("");
  }

  get closed(): Promise<unknown> {
    return once(this.#socket, "close");
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
