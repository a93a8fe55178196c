import { connect } from "crikit";
import { startRuntime } from "crikit/testing";
import { expect, test } from "vitest";
import { until } from "../support/until.js";

const kills = 6;

test("no read fails while the runtime is killed and started again, time after time", async () => {
  await using runtime = await startRuntime();
  await runtime.importImage({ ref: "app:test", files: {} });
  // A loaded machine may take longer for a start than five retries last.
  await using cri = await connect(runtime.endpoint, { retries: 30, callTimeoutMs: 60_000 });
  await using pod = await cri.pods.run({ metadata: { name: "bystander" } });
  const stop = new AbortController();
  const seen = { pods: 0, images: 0, statuses: 0 };
  const again = async (work: () => Promise<void>) => {
    while (!stop.signal.aborted) await work();
  };
  const readers = [
    again(async () => {
      expect((await cri.pods.list()).map(({ id }) => id)).toEqual([pod.id]);
      seen.pods += 1;
    }),
    again(async () => {
      expect((await cri.images.list()).flatMap(({ repoTags }) => repoTags).join()).toContain("app:test");
      seen.images += 1;
    }),
    again(async () => {
      expect((await pod.status()).state).toBe("ready");
      seen.statuses += 1;
    }),
  ];
  try {
    for (let round = 0; round < kills; round += 1) {
      const before = { ...seen };
      await runtime.restart({ kill: true });
      await until("everybody has read since", () =>
        (["pods", "images", "statuses"] as const).every((what) => seen[what] > before[what] + 1),
      );
    }
  } finally {
    stop.abort();
    await Promise.all(readers);
  }
}, 180_000);
