import { more, type Traces, takeStock } from "../../support/leaks.js";
import { until } from "../../support/until.js";
import type { Served } from "./served.js";

/** Tells what a runtime has leaked, from its start to now. */
export interface Stock {
  /** Removes every pod, and gives what the runtime then holds that it did not hold at first. */
  leaked(): Promise<string[]>;
}

/** How long ended processes may take to be reaped, and connections to be closed. */
const settleMs = 10_000;

/** Counts what a runtime without pods holds. */
export async function startStock(
  served: Served,
  network: Traces["network"],
  daemonPid: () => number,
): Promise<Stock> {
  const traces = { directory: served.directory, network };
  const before = await takeStock(traces, daemonPid());
  return {
    async leaked() {
      const failures = await removePods(served);
      let left: string[] = [];
      await until(
        "nothing is left",
        async () => {
          left = more(await takeStock(traces, daemonPid()), before);
          return left.length === 0;
        },
        settleMs,
      ).catch(() => undefined);
      return [...failures, ...left];
    },
  };
}

async function removePods({ runtime }: Served): Promise<string[]> {
  const { items } = await runtime.listPodSandbox({});
  const results = await Promise.allSettled(
    items.map(({ id }) => runtime.removePodSandbox({ podSandboxId: id })),
  );
  return results.flatMap((result) => (result.status === "rejected" ? [`pod: ${result.reason}`] : []));
}
