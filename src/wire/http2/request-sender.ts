import type { FrameWriter } from "./frame-writer.js";
import { Http2Error } from "./http2-error.js";
import { defaultWindowBytes, flags, frameTypes, max31 } from "./protocol.js";
import type { PeerSettings } from "./settings.js";
import type { Http2Stream } from "./stream.js";

/** Sends the bodies of requests, as far as the peer's windows let it. */
export class RequestSender {
  readonly #writer: FrameWriter;
  readonly #settings: PeerSettings;
  /** Those that wait for a window, in the order of their requests. */
  readonly #waiting = new Set<Http2Stream>();
  #window = defaultWindowBytes;

  constructor(writer: FrameWriter, settings: PeerSettings) {
    this.#writer = writer;
    this.#settings = settings;
  }

  send(stream: Http2Stream): void {
    while (stream.unsent) {
      const { unsent } = stream;
      const bytes = Math.min(unsent.length, this.#window, stream.sendWindow, this.#settings.maxFrameBytes);
      if (bytes <= 0 && unsent.length > 0) {
        this.#waiting.add(stream);
        return;
      }
      const isEnd = bytes === unsent.length;
      this.#window -= bytes;
      stream.sendWindow -= bytes;
      const part = isEnd ? unsent : unsent.subarray(0, bytes);
      this.#writer.frame(frameTypes.data, isEnd ? flags.endStream : 0, stream.id, part);
      stream.unsent = isEnd ? undefined : unsent.subarray(bytes);
    }
    this.#waiting.delete(stream);
  }

  forget(stream: Http2Stream): void {
    this.#waiting.delete(stream);
  }

  /** The stream's window; it shrinks, even below nothing, when the peer's settings change so. */
  enlarge(stream: Http2Stream | undefined, bytes: number): void {
    if (!stream) return;
    stream.sendWindow = checked(stream.sendWindow + bytes);
    this.send(stream);
  }

  /** The window of all streams together. */
  enlargeAll(bytes: number): void {
    this.#window = checked(this.#window + bytes);
    for (const stream of this.#waiting) this.send(stream);
  }
}

function checked(window: number): number {
  if (window > max31) throw new Http2Error("FLOW_CONTROL_ERROR", "The peer's window is too large");
  return window;
}
