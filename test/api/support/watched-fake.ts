import { type CriClient, connect } from "crikit";
import { ContainerEventType } from "crikit/proto";
import { type FakeRuntime, startFakeRuntime } from "crikit/testing";
import { expect } from "vitest";
import { type WatchOptions, watch } from "../../../src/api/watch.js";
import { ListReader } from "../../../src/services/list.js";
import { SessionOpener } from "../../../src/sessions/open-session.js";
import { until } from "../../support/until.js";
import { WatchCache } from "../../support/watch-cache.js";
import { EventFeed } from "./event-feed.js";

const { CONTAINER_CREATED_EVENT: CREATED, CONTAINER_DELETED_EVENT: DELETED } = ContainerEventType;

/** So long that nothing happens by the clock unless a test wants it. */
const never = { relistMs: 1e6, pollMs: 1e6, settleMs: 1e6, askAgainMs: 1e6 };

export type Timing = Partial<typeof never>;

/** A runtime in memory, a watch of it, and what the reader of the watch knows. The test says which events are told. */
export class WatchedFake implements AsyncDisposable {
  readonly fake: FakeRuntime;
  readonly cri: CriClient;
  readonly feed = new EventFeed();
  readonly cache = new WatchCache();
  left = new AbortController();
  /** Of the watch: what it ended with. */
  end: Promise<unknown> = Promise.resolve();

  private constructor(fake: FakeRuntime, cri: CriClient) {
    this.fake = fake;
    this.cri = cri;
    // What the fake tells by itself is not told.
    fake.onCall("getContainerEvents", (_request, { signal }) => this.feed.subscribe(signal));
  }

  static async start(): Promise<WatchedFake> {
    let ids = 0;
    const fake = await startFakeRuntime({ images: ["demo"], newId: () => `id${++ids}` });
    return new WatchedFake(fake, await connect(fake.endpoint));
  }

  /** How often everything was listed. */
  lists(): number {
    const calls = this.fake.calls.filter((call) => call.rpc === "streamContainers");
    return calls.filter(({ request }) => !request.filter?.podSandboxId).length;
  }

  /** How often pods were listed, all or one. */
  podLists(): number {
    return this.fake.calls.filter(({ rpc }) => rpc === "streamPodSandboxes" || rpc === "listPodSandbox")
      .length;
  }

  /** How often anything was listed. */
  looks(): number {
    const rpcs = ["streamPodSandboxes", "listPodSandbox", "streamContainers", "listContainers"];
    return this.fake.calls.filter(({ rpc }) => rpcs.includes(rpc)).length;
  }

  open(options: WatchOptions = {}, timing: Timing = {}) {
    const { fake, cri } = this;
    const context = {
      endpoint: fake.endpoint,
      version: cri.version,
      tracing: undefined,
      runtime: cri.runtime,
      image: cri.image,
      lists: new ListReader((rpc) => cri.capabilities()[rpc], {}),
      logRoot: "",
      hostRoot: "/",
      sessions: new SessionOpener(),
    };
    return watch(context, { signal: this.left.signal, ...options }, { ...never, ...timing });
  }

  async start(timing: Timing = {}, options: WatchOptions = {}): Promise<void> {
    this.end = this.cache.follow(this.open(options, timing));
    await until("the first state is told", () => this.cache.told.includes("synced"));
  }

  async addPod(name: string): Promise<string> {
    const { podSandboxId } = await this.fake.runtime.runPodSandbox({ config: { metadata: { name } } });
    return podSandboxId;
  }

  async addPods(count: number): Promise<string[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => this.addPod(`p${index}`)));
  }

  async removePod(podSandboxId: string): Promise<void> {
    await this.fake.runtime.removePodSandbox({ podSandboxId });
  }

  async createContainer(podSandboxId: string, name = "main"): Promise<string> {
    const config = { metadata: { name }, image: { image: "demo" } };
    const { containerId } = await this.fake.runtime.createContainer({ podSandboxId, config });
    return containerId;
  }

  /** One that runs. */
  async addContainer(podSandboxId: string): Promise<string> {
    const containerId = await this.createContainer(podSandboxId);
    await this.fake.runtime.startContainer({ containerId });
    return containerId;
  }

  /** What was told since the first state. */
  since(): string[] {
    return this.cache.told.slice(this.cache.told.indexOf("synced") + 1);
  }

  /** Has the watch look once more, so that what it was to tell before has been told. */
  async settle(): Promise<void> {
    const { cache, feed } = this;
    const pod = await this.addPod("last");
    feed.tell(CREATED, pod, pod);
    await until("the last pod is told", () => cache.pods.has(pod));
    await this.removePod(pod);
    feed.tell(DELETED, pod, pod);
    await until("it is told to be gone", () => !cache.pods.has(pod));
    const isOfLast = (line: string) => line.includes(` ${pod} `);
    cache.told.splice(0, cache.told.length, ...cache.told.filter((line) => !isOfLast(line)));
    expect(await cache.differences(this.cri)).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.left.abort();
    await this.end;
    expect(this.cache.faults).toEqual([]);
    await this.cri[Symbol.asyncDispose]();
    await this.fake[Symbol.asyncDispose]();
  }
}
