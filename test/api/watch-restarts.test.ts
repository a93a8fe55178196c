import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "crikit";
import { expect, test } from "vitest";
import { type KillableRuntime, startKillableRuntime } from "../runtime/support/killable-runtime.js";
import { containerConfig, runPod, startContainer } from "../runtime/support/pods.js";
import { pullBusybox } from "../runtime/support/test-runtime.js";
import { until } from "../support/until.js";
import { WatchCache } from "../support/watch-cache.js";

const kills = 50;

/** Makes, ends and removes pods and containers, some left for later, until told to stop. */
class Load {
  /** Calls that went through. */
  steps = 0;
  readonly #runtime: KillableRuntime;
  readonly #stop = new AbortController();
  readonly #workers: Promise<void>[];

  constructor(runtime: KillableRuntime, workers: number) {
    this.#runtime = runtime;
    this.#workers = Array.from({ length: workers }, () => this.#work());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    const kept: string[] = [];
    for (let round = 0; !this.#stop.signal.aborted; round += 1) {
      // The runtime may be killed in the middle of it: the next round finds another one.
      await this.#round(round, kept).catch(() => sleep(20));
    }
  }

  async #round(round: number, kept: string[]): Promise<void> {
    const runtime = this.#runtime;
    const pod = await this.#step(runPod(runtime));
    kept.push(pod);
    await this.#step(startContainer(runtime, pod, containerConfig(["true"])));
    const short = containerConfig(["sleep", String((round % 5) / 5)]);
    const containerId = await this.#step(startContainer(runtime, pod, short));
    if (round % 3 === 0) await this.#step(runtime.runtime.stopContainer({ containerId }));
    if (round % 3 === 1) await this.#step(runtime.runtime.removeContainer({ containerId }));
    if (round % 4 === 0) await this.#step(runtime.runtime.stopPodSandbox({ podSandboxId: pod }));
    while (kept.length > 3) {
      await this.#step(runtime.runtime.removePodSandbox({ podSandboxId: kept[0] ?? "" }));
      kept.shift();
    }
  }

  async #step<T>(call: Promise<T>): Promise<T> {
    const answer = await call;
    this.steps += 1;
    return answer;
  }
}

test(`what \`watch\` tells adds up to what the runtime lists, over ${kills} kills under load`, async () => {
  const runtime = await startKillableRuntime();
  try {
    await pullBusybox(runtime);
    await using cri = await connect(`unix://${runtime.directory}/cri.sock`);
    const cache = new WatchCache();
    const left = new AbortController();
    const end = cache.follow(cri.watch({ signal: left.signal }));
    const load = new Load(runtime, 3);
    for (let kill = 0; kill < kills; kill += 1) {
      const before = load.steps;
      await until("the load goes on", () => load.steps > before + (kill % 3));
      await sleep(150 * Math.random());
      await runtime.restart();
    }
    await load.stop();
    await until("the cache is what the runtime lists", async () => {
      return (await cache.differences(cri)).length === 0;
    });
    expect(cache.faults).toEqual([]);
    expect(cache.told.filter((line) => line === "synced")).toHaveLength(1);
    // Else nothing was proved.
    expect(cache.told.length).toBeGreaterThan(2 * kills);
    expect(cache.pods.size).toBeGreaterThan(0);
    left.abort();
    await end;
  } finally {
    expect(await runtime.end()).toEqual([]);
  }
}, 400_000);
