/** Longer keys are rare, and not worth their memory. */
const maxKeyBytes = 128;
const slots = 512;

interface KnownKey {
  readonly key: string;
  readonly length: number;
  /** The bytes, four in each, and those of the rest. */
  readonly words: Int32Array;
}

/**
 * Keys of maps, which are the same in every message of a list. One that is found here costs less than to be made, and
 * V8 knows it as the name of a property already. Bounded in number and in length; what is written last stays.
 */
export class KnownKeys {
  readonly slots = slots;
  /** Where the key that was looked for last is, or belongs. */
  lastSlot = 0;
  readonly #known: (KnownKey | undefined)[] = Array.from({ length: slots }, () => undefined);

  find(bytes: DataView, start: number, end: number): string | undefined {
    const length = end - start;
    this.lastSlot = 0;
    if (length > maxKeyBytes || length === 0) return undefined;
    this.lastSlot = slotOf(bytes, start, length);
    const known = this.#known[this.lastSlot];
    if (known === undefined || known.length !== length) return undefined;
    const { words } = known;
    let at = start;
    let index = 0;
    for (; at + 4 <= end; at += 4) if (bytes.getInt32(at, true) !== words[index++]) return undefined;
    for (; at < end; at++) if (bytes.getUint8(at) !== words[index++]) return undefined;
    return known.key;
  }

  /** `key` is what the bytes say. */
  add(key: string, bytes: DataView, start: number, end: number): string {
    const length = end - start;
    if (length > maxKeyBytes || length === 0) return key;
    const words: number[] = [];
    let at = start;
    for (; at + 4 <= end; at += 4) words.push(bytes.getInt32(at, true));
    for (; at < end; at++) words.push(bytes.getUint8(at));
    // The key of an object is a string of its own, and not a part of a longer one.
    const [own = key] = Object.keys({ [key]: true });
    this.#known[slotOf(bytes, start, length)] = { key: own, length, words: Int32Array.from(words) };
    return own;
  }
}

function slotOf(bytes: DataView, start: number, length: number): number {
  const middle = bytes.getUint8(start + (length >> 1));
  const last = bytes.getUint8(start + length - 1);
  return (length * 31 + middle * 7 + last * 17) % slots;
}
