/** Aborts with the other signal's reason, so many milliseconds after it. Disposed of when nobody listens any more. */
export function afterGrace(
  signal: AbortSignal | undefined,
  ms: number,
): { signal: AbortSignal } & Disposable {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => late.abort(signal?.reason), ms);
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: late.signal,
    [Symbol.dispose]() {
      signal?.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    },
  };
}
