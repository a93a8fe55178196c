import { UnavailableError } from "../errors.js";
import type { CallOptions } from "./call-options.js";
import { type Capabilities, isUnsupported } from "./capabilities.js";
import { readTimeoutMs } from "./deadlines.js";
import { defaultRetries, withRetries } from "./retry.js";
import type { ServiceOptions } from "./service-client.js";

/** The two RPCs that tell one list. */
export interface ListRpcs<Part, Item> {
  /** The streaming RPC's name on its service client. */
  readonly name: keyof Capabilities;
  /** What is asked for is surely no more than one message holds; the unary RPC is quicker then. */
  readonly isShort?: boolean;
  stream(options: CallOptions): AsyncIterable<Part>;
  itemsOf(part: Part): readonly Item[];
  unary(options: CallOptions): Promise<readonly Item[]>;
}

/**
 * Lists by the streaming RPC, or by the unary one where the runtime has no other. That shows at the first
 * message only, and is asked once for a connection.
 */
export class ListReader {
  readonly #learnt: (rpc: keyof Capabilities) => boolean | undefined;
  readonly #timeoutMs: number;
  readonly #retries: number;

  /** `learnt` as in `Capabilities`; `timeoutMs` is the deadline of a whole list by stream, which as an RPC has none. */
  constructor(
    learnt: (rpc: keyof Capabilities) => boolean | undefined,
    { timeoutMs = readTimeoutMs, retries = defaultRetries }: ServiceOptions,
  ) {
    this.#learnt = learnt;
    this.#timeoutMs = timeoutMs;
    this.#retries = retries;
  }

  /**
   * The items as they come. A stream that is given up in the middle is an `UnsupportedError`, for what the
   * reader has cannot be taken back; the next call is a unary one.
   */
  async *stream<Part, Item>(rpcs: ListRpcs<Part, Item>, options: CallOptions): AsyncGenerator<Item> {
    for await (const part of this.#parts(rpcs, options)) yield* part;
  }

  async *#parts<Part, Item>(
    rpcs: ListRpcs<Part, Item>,
    options: CallOptions,
  ): AsyncGenerator<readonly Item[]> {
    if (this.#learnt(rpcs.name) !== false) {
      let hasItems = false;
      try {
        for await (const part of rpcs.stream(options)) {
          hasItems = true;
          yield rpcs.itemsOf(part);
        }
        return;
      } catch (error) {
        if (hasItems || !isUnsupported(error)) throw error;
      }
    }
    yield await rpcs.unary(options);
  }

  /** All items. What came of a stream that was given up or broke is dropped: it is read again. */
  async read<Part, Item>(rpcs: ListRpcs<Part, Item>, options: CallOptions): Promise<Item[]> {
    if (rpcs.isShort || this.#learnt(rpcs.name) === false) return [...(await rpcs.unary(options))];
    const { timeoutMs = this.#timeoutMs, retries = this.#retries, signal } = options;
    const items: Item[] = [];
    let hasBegun = false;
    const rules = {
      retries,
      timeoutMs,
      signal,
      // One that breaks before anything came has been tried again already.
      isWorthRetry: (error: unknown) => hasBegun && error instanceof UnavailableError,
    };
    try {
      return await withRetries(rules, async (leftMs) => {
        items.length = 0;
        hasBegun = false;
        for await (const part of this.#parts(rpcs, { ...options, timeoutMs: leftMs })) {
          hasBegun = true;
          for (const item of part) items.push(item);
        }
        return items;
      });
    } catch (error) {
      if (!hasBegun || !isUnsupported(error)) throw error;
      return [...(await rpcs.unary(options))];
    }
  }
}
