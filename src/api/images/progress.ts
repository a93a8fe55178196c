import { sleep } from "../../async/abort.js";
import type { CallOptions } from "../../services/call-options.js";
import type { ApiContext } from "../context.js";
import { toImageFsInfo } from "./fs-info.js";

/** What can be told of a pull while it goes on. CRI itself tells nothing before its end. */
export interface PullProgress {
  /** Since this pull was asked for. */
  readonly elapsedMs: number;
  /**
   * By how much the images of the whole runtime have grown since then: other pulls count as well, removals count
   * against it, and a runtime may measure now and then only (containerd every ten seconds). No share of the image can
   * be made of it. Undefined where the runtime does not tell.
   */
  readonly grownBytes: number | undefined;
}

const everyMs = 1_000;

/** Does the work, and says every second how far it may be. What `onProgress` throws ends the wait, with that. */
export async function withProgress<T>(
  context: ApiContext,
  onProgress: (progress: PullProgress) => void,
  { signal, headers }: CallOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const own = new AbortController();
  const onAbort = () => own.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const working = work(own.signal);
  const reporting = report(context, onProgress, { signal: own.signal, headers });
  try {
    return await Promise.race([working, reporting]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    own.abort();
    await Promise.allSettled([working, reporting]);
  }
}

async function report(
  context: ApiContext,
  onProgress: (progress: PullProgress) => void,
  call: CallOptions & { signal: AbortSignal },
): Promise<never> {
  const startedAt = performance.now();
  const before = await usedBytes(context, call);
  for (;;) {
    await sleep(everyMs, call.signal);
    const now = await usedBytes(context, call);
    call.signal.throwIfAborted();
    const grownBytes = before === undefined || now === undefined ? undefined : now - before;
    onProgress({ elapsedMs: Math.round(performance.now() - startedAt), grownBytes });
  }
}

/** A measure that fails is none, and no reason to fail a pull. */
async function usedBytes({ image }: ApiContext, call: CallOptions): Promise<number | undefined> {
  try {
    const { images } = toImageFsInfo(await image.imageFsInfo({}, call));
    return images.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  } catch {
    return undefined;
  }
}
