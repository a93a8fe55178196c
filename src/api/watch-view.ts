import { equals } from "@bufbuild/protobuf";
import { ContainerSchema, PodSandboxSchema } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { ListedContainer } from "./container.js";
import { Containers } from "./containers.js";
import type { ApiContext } from "./context.js";
import { KnownObjects, type ObjectChange } from "./known-objects.js";
import type { ListedPod } from "./pod.js";
import { Pods } from "./pods.js";
import type { Target } from "./watch-hints.js";

interface Source {
  /** `event`: its pod was looked at because an event said so; `list`: it was found when everything was listed. */
  readonly source: "list" | "event";
}

/** A pod or container has come, changed or gone. */
export type WatchChange =
  | ({ readonly kind: "pod" } & ObjectChange<ListedPod> & Source)
  | ({ readonly kind: "container" } & ObjectChange<ListedContainer> & Source);

interface Listed {
  pods: ListedPod[];
  containers: ListedContainer[];
}

/** What is known of pods and containers. Each look must be over before the next is made. */
export class WatchView {
  readonly #pods = new KnownObjects<ListedPod>((a, b) =>
    equals(PodSandboxSchema, a.listed.raw, b.listed.raw),
  );
  readonly #containers = new KnownObjects<ListedContainer>((a, b) =>
    equals(ContainerSchema, a.listed.raw, b.listed.raw),
  );
  readonly #lists: { pods: Pods; containers: Containers; call: CallOptions };

  constructor(context: ApiContext, call: CallOptions) {
    this.#lists = { pods: new Pods(context), containers: new Containers(context), call };
  }

  /** Lists, and gives what has changed: a pod comes before its containers and goes after them. */
  async look(target: Target): Promise<WatchChange[]> {
    const { pods, containers } = target === "all" ? await this.#listAll() : await this.#listPods(target);
    const isOf = (podId: string) => target === "all" || target.includes(podId);
    const source = target === "all" ? "list" : "event";
    const ofPods = this.#pods
      .take(pods, ({ id }) => isOf(id))
      .map((change) => ({ kind: "pod" as const, ...change, source }) as const);
    const ofContainers = this.#containers
      .take(containers, ({ listed }) => isOf(listed.podId))
      .map((change) => ({ kind: "container" as const, ...change, source }) as const);
    return [
      ...ofPods.filter(({ type }) => type !== "removed"),
      ...ofContainers,
      ...ofPods.filter(({ type }) => type === "removed"),
    ];
  }

  /** The containers first: whatever pod they are in was made before them. */
  async #listAll(podId = ""): Promise<Listed> {
    const { pods, containers, call } = this.#lists;
    return {
      containers: await containers.list({ podId }, call),
      pods: await pods.list({ id: podId }, call),
    };
  }

  /** Filters go by ID prefix, and may be passed over: only what was asked for counts. */
  async #listPods(ids: readonly string[]): Promise<Listed> {
    const looks = await Promise.all(
      ids.map(async (podId) => {
        const { pods, containers } = await this.#listAll(podId);
        return {
          pods: pods.filter(({ id }) => id === podId),
          containers: containers.filter(({ listed }) => listed.podId === podId),
        };
      }),
    );
    return {
      pods: looks.flatMap(({ pods }) => pods),
      containers: looks.flatMap(({ containers }) => containers),
    };
  }
}
