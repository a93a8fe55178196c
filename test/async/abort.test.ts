import { once } from "node:events";
import { expect, test } from "vitest";
import { abortable } from "../../src/async/abort.js";

test("work whose signal has aborted before may fail later, and nobody is to hear of it", async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => unheard.push(error);
  process.on("unhandledRejection", hear);
  try {
    const signal = AbortSignal.abort(new Error("Enough"));
    const work = Promise.reject(new Error("Late"));
    await expect(abortable(work, signal)).rejects.toThrow("Enough");
    // Node looks for such rejections before this.
    const turn = new MessageChannel();
    turn.port1.postMessage("over");
    await once(turn.port2, "message");
    turn.port1.close();
    expect(unheard).toEqual([]);
  } finally {
    process.off("unhandledRejection", hear);
  }
});
