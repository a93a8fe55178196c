import { equals } from "@bufbuild/protobuf";
import { ContainerSchema, PodSandboxSchema } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import type { ListedContainer } from "./container.js";
import { Containers } from "./containers.js";
import type { ApiContext } from "./context.js";
import { KnownObjects, type ObjectChange } from "./known-objects.js";
import { type ContainerFilter, podIdOf, selectContainers } from "./lists/container-filter.js";
import { type PodFilter, selectPods } from "./lists/pod-filter.js";
import type { ListedPod } from "./pod.js";
import { Pods } from "./pods.js";
import type { Target } from "./watch-hints.js";

/** What is watched; all pods and all containers unless told. */
export interface WatchFilters {
  /**
   * Only these pods; false for none. One that comes to meet the filter is `added`, one that no longer does is
   * `removed`, both as if it had just come or gone.
   */
  pods?: PodFilter | false | undefined;
  /** Only these containers, whatever the pods watched; false for none. */
  containers?: ContainerFilter | false | undefined;
}

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
  readonly #lists: { pods: Pods; containers: Containers };
  readonly #filters: WatchFilters;
  readonly #call: CallOptions;

  /** @throws InvalidArgumentError that names the field of a filter. */
  constructor(context: ApiContext, filters: WatchFilters, call: CallOptions) {
    if (filters.pods) selectPods(filters.pods);
    if (filters.containers) selectContainers(filters.containers);
    this.#lists = { pods: new Pods(context), containers: new Containers(context) };
    this.#filters = filters;
    this.#call = call;
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

  async #listAll(): Promise<Listed> {
    return this.#list(this.#filters);
  }

  /** The containers first: whatever pod they are in was made before them. */
  async #list({ pods = {}, containers = {} }: WatchFilters): Promise<Listed> {
    const { pods: podLists, containers: containerLists } = this.#lists;
    return {
      containers: containers ? await containerLists.list(containers, this.#call) : [],
      pods: pods ? await podLists.list(pods, this.#call) : [],
    };
  }

  /** Filters go by the beginning of an ID: only what was asked for counts. */
  async #listPods(ids: readonly string[]): Promise<Listed> {
    const looks = await Promise.all(
      ids.map(async (podId) => {
        const { pods, containers } = await this.#list(this.#filtersOf(podId));
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

  /** Those of one pod; nothing is asked for where the filters are not about it. */
  #filtersOf(podId: string): WatchFilters {
    const { pods = {}, containers = {} } = this.#filters;
    const isAbout = (id = "") => podId.startsWith(id);
    return {
      pods: pods && isAbout(pods.id) && { ...pods, id: podId },
      containers: containers && isAbout(podIdOf(containers)) && { ...containers, pod: podId },
    };
  }
}
