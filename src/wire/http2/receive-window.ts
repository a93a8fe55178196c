import { Http2Error } from "./http2-error.js";

/** What the peer may still send, of a stream or of a whole connection. */
export class ReceiveWindow {
  readonly #bytes: number;
  #left: number;
  /** Read, and not yet given back to the peer. */
  #read = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#left = bytes;
  }

  /** Throws `Http2Error` when the peer has sent more than it may. */
  take(bytes: number): void {
    this.#left -= bytes;
    this.#read += bytes;
    if (this.#left < 0) throw new Http2Error("FLOW_CONTROL_ERROR", "The peer sends more than its window");
  }

  /** What to give back: nothing until half of the window was read, for each time costs a frame. */
  giveBack(): number {
    if (this.#read < this.#bytes / 2) return 0;
    const bytes = this.#read;
    this.#left += bytes;
    this.#read = 0;
    return bytes;
  }
}
