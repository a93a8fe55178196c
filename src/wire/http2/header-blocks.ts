import { maxHeaderListBytes } from "./header-fields.js";
import { fieldOverhead } from "./hpack/dynamic-table.js";
import { Http2Error } from "./http2-error.js";
import { flags } from "./protocol.js";

/** An encoded header block. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly bytes: Buffer;
  /** The stream ends with it. */
  readonly isEnd: boolean;
}

/** Puts HEADERS and its CONTINUATIONs together. */
export class HeaderBlocks {
  #open: { streamId: number; isEnd: boolean; parts: Buffer[]; size: number } | undefined;

  /** Between the frames of a block no other may come. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** The block, unless it goes on in another frame. */
  begin(frameFlags: number, streamId: number, payload: Buffer): HeaderBlock | undefined {
    const isEnd = (frameFlags & flags.endStream) !== 0;
    const bytes = fragment(frameFlags, payload);
    if ((frameFlags & flags.endHeaders) !== 0) return { streamId, isEnd, bytes };
    // Copies: the frames lie in chunks of the socket, which must not be kept alive.
    this.#open = { streamId, isEnd, parts: [Buffer.from(bytes)], size: bytes.length };
    return undefined;
  }

  continue(frameFlags: number, streamId: number, payload: Buffer): HeaderBlock | undefined {
    const open = this.#open;
    if (open?.streamId !== streamId) {
      throw new Http2Error("PROTOCOL_ERROR", "A CONTINUATION frame continues no header block");
    }
    open.parts.push(Buffer.from(payload));
    // Frames of next to nothing take room, too.
    open.size += payload.length + fieldOverhead;
    if (open.size > maxHeaderListBytes) {
      const message = `A header block is longer than ${maxHeaderListBytes} bytes`;
      throw new Http2Error("ENHANCE_YOUR_CALM", message);
    }
    if ((frameFlags & flags.endHeaders) === 0) return undefined;
    this.#open = undefined;
    return { streamId, isEnd: open.isEnd, bytes: Buffer.concat(open.parts) };
  }
}

/** The payload of HEADERS without its padding and its priority, which no client needs. */
function fragment(frameFlags: number, payload: Buffer): Buffer {
  const isPadded = (frameFlags & flags.padded) !== 0;
  const start = (isPadded ? 1 : 0) + ((frameFlags & flags.priority) === 0 ? 0 : 5);
  const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
  if (start > end) throw new Http2Error("PROTOCOL_ERROR", "A HEADERS frame is all padding");
  return payload.subarray(start, end);
}
