import type { Transport } from "@connectrpc/connect";
import { createLinkedAbortController } from "@connectrpc/connect/protocol";

/** The transport, its calls aborted with the signal, which they then throw the reason of. */
export function abortableTransport(transport: Transport, signal: AbortSignal): Transport {
  const linked = (own: AbortSignal | undefined) => createLinkedAbortController(own, signal);
  return {
    async unary(method, own, ...rest) {
      const controller = linked(own);
      try {
        return await transport.unary(method, controller.signal, ...rest);
      } finally {
        // Takes the listeners off the signals, which live longer than the call.
        controller.abort();
      }
    },
    // The clients abort their own signal at the end of every stream, which does the same.
    stream: (method, own, ...rest) => transport.stream(method, linked(own).signal, ...rest),
  };
}
