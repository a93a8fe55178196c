/** What is shorter costs less to make than to look for. */
const minBytes = 64 * 1024;

/** V8 may have its memory when it needs it. */
let spare: WeakRef<ArrayBufferLike> | undefined;

/**
 * A buffer for a message of an answer; it holds what was in it before. Large ones are used again: V8 takes a new one for
 * each list as growth of its own memory, and marks all that lives again and again.
 */
export function takeBuffer(length: number): Uint8Array {
  if (length < minBytes) return new Uint8Array(length);
  const buffer = spare?.deref();
  if (!buffer || buffer.byteLength < length) return new Uint8Array(roomFor(length)).subarray(0, length);
  spare = undefined;
  return new Uint8Array(buffer, 0, length);
}

/** Nobody looks at the message's bytes any more. */
export function giveBack({ buffer }: Uint8Array): void {
  const known = spare?.deref();
  if (buffer.byteLength < minBytes || (known && known.byteLength >= buffer.byteLength)) return;
  spare = new WeakRef(buffer);
}

/** The next list may be a little longer. */
function roomFor(length: number): number {
  return length + (length >> 3);
}
