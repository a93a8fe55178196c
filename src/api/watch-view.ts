import { isSameMessage } from "../messages/is-same.js";
import { type ContainerEventResponse, ContainerSchema, PodSandboxSchema } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { ListedContainer } from "./container.js";
import { type ContainerState, fromContainerState, toContainerSummary } from "./container-status.js";
import { Containers } from "./containers.js";
import type { ApiContext } from "./context.js";
import { KnownObjects, type ObjectChange } from "./known-objects.js";
import { type ContainerFilter, podIdOf, selectContainers } from "./lists/container-filter.js";
import { type PodFilter, selectPods } from "./lists/pod-filter.js";
import { ListedPod } from "./pod.js";
import { fromPodState, type PodState, toPodSummary } from "./pod-status.js";
import { Pods } from "./pods.js";
import { isFurther, type ToldState, toldState } from "./told-state.js";
import type { PodPart, Target } from "./watch-hints.js";

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
  /** `event`: an event told it, or had its pod looked at; `list`: it was found when everything was listed. */
  readonly source: "list" | "event";
}

/** A pod or container has come, changed or gone. */
export type WatchChange =
  | ({ readonly kind: "pod" } & ObjectChange<ListedPod> & Source)
  | ({ readonly kind: "container" } & ObjectChange<ListedContainer> & Source);

interface Watched<State> {
  readonly id: string;
  readonly listed: { readonly state: State };
}

type StateFilter<State> = { state?: State | readonly State[] | undefined } | false | undefined;

/** What a look has found. */
export interface Found extends Source {
  readonly pods: ListedPod[];
  readonly containers: ListedContainer[];
  /** Of which pods these are all; undefined: of all. */
  readonly of?: { readonly pods: string[]; readonly containers: string[] };
}

/** What is known of pods and containers. Each look must be over, and taken, before the next is made. */
export class WatchView {
  readonly #pods = new KnownObjects<ListedPod>({
    podIdOf: ({ id }) => id,
    isSame: (a, b) => isSameMessage(PodSandboxSchema, a.listed.raw, b.listed.raw),
  });
  readonly #containers = new KnownObjects<ListedContainer>({
    podIdOf: ({ listed }) => listed.podId,
    isSame: (a, b) => isSameMessage(ContainerSchema, a.listed.raw, b.listed.raw),
  });
  readonly #context: ApiContext;
  readonly #lists: { pods: Pods; containers: Containers };
  readonly #filters: WatchFilters;
  readonly #call: CallOptions;
  /** What events have told that is not yet in the view, by ID. */
  readonly #told = new Map<string, ToldState>();
  /** Of what events have told something since the last look began, by ID. */
  readonly #toldSince = new Set<string>();

  /** @throws InvalidArgumentError that names the field of a filter. */
  constructor(context: ApiContext, filters: WatchFilters, call: CallOptions) {
    if (filters.pods) selectPods(filters.pods);
    if (filters.containers) selectContainers(filters.containers);
    this.#context = context;
    this.#lists = { pods: new Pods(context), containers: new Containers(context) };
    this.#filters = filters;
    this.#call = call;
  }

  /** Of how many pods something is known. */
  get podCount(): number {
    return Math.max(this.#pods.podCount, this.#containers.podCount);
  }

  /**
   * Takes in how far an event tells that something has come, for `told` to give. False where a look must show what
   * has happened.
   */
  hear(event: ContainerEventResponse): boolean {
    const told = toldState(event);
    if (!told) return false;
    const known = told.kind === "pod" ? this.#pods : this.#containers;
    const state = (this.#told.get(told.id) ?? known.get(told.podId, told.id)?.listed)?.state;
    if (state === undefined || !isFurther(state, told.state)) return false;
    this.#told.set(told.id, told);
    return true;
  }

  /** What has changed by what events have told, each object's last step. */
  told(): WatchChange[] {
    const changes = [...this.#told.values()].map((told) => this.#changeBy(told));
    for (const id of this.#told.keys()) this.#toldSince.add(id);
    this.#told.clear();
    return changes.filter((change) => change !== undefined);
  }

  #changeBy(told: ToldState): WatchChange | undefined {
    if (told.kind === "pod") {
      const change = advance(this.#pods, told, this.#filters.pods, ({ listed: { raw } }) => {
        const summary = toPodSummary({ ...raw, state: fromPodState(told.state) });
        return new ListedPod(this.#context, summary);
      });
      return change && { kind: "pod", ...change, source: "event" };
    }
    const change = advance(this.#containers, told, this.#filters.containers, ({ listed: { raw } }) => {
      const summary = toContainerSummary({ ...raw, state: fromContainerState(told.state) });
      return new ListedContainer(this.#context, summary);
    });
    return change && { kind: "container", ...change, source: "event" };
  }

  /** Lists, for `take`. */
  async look(target: Target): Promise<Found> {
    this.#toldSince.clear();
    if (target === "all") return { ...(await this.#list(this.#filters)), source: "list" };
    return { ...(await this.#listPods(target)), source: "event" };
  }

  /** What has changed by what a look has found: a pod comes before its containers and goes after them. */
  take({ pods, containers, of, source }: Found): WatchChange[] {
    const ofPods = this.#pods
      .take(this.#withTold(this.#pods, pods), of?.pods)
      .map((change) => ({ kind: "pod" as const, ...change, source }) as const);
    const ofContainers = this.#containers
      .take(this.#withTold(this.#containers, containers), of?.containers)
      .map((change) => ({ kind: "container" as const, ...change, source }) as const);
    return [
      ...ofPods.filter(({ type }) => type !== "removed"),
      ...ofContainers,
      ...ofPods.filter(({ type }) => type === "removed"),
    ];
  }

  /** What was told since the look began stays as it is until the next one. */
  #withTold<T extends { readonly id: string }>(known: KnownObjects<T>, found: readonly T[]): T[] {
    return found.flatMap((object) =>
      this.#toldSince.has(object.id) ? (known.current(object) ?? []) : object,
    );
  }

  /** Both lists at once; that of the pods again where it may be older than a pod whose containers were listed. */
  async #list({ pods = {}, containers = {} }: WatchFilters): Promise<Omit<Found, "source">> {
    const listPods = async () => (pods ? this.#lists.pods.list(pods, this.#call) : []);
    const [listedPods, listedContainers] = await Promise.all([
      listPods(),
      containers ? this.#lists.containers.list(containers, this.#call) : [],
    ]);
    const there = new Set(listedPods.map(({ id }) => id));
    const isOlder = listedContainers.some(
      ({ listed: { podId } }) => !there.has(podId) && !this.#containers.knows(podId),
    );
    return { pods: isOlder ? await listPods() : listedPods, containers: listedContainers };
  }

  /** Filters go by the beginning of an ID: only what was asked for counts. */
  async #listPods(target: ReadonlyMap<string, PodPart>): Promise<Omit<Found, "source">> {
    const looks = await Promise.all(
      [...target].map(async ([podId, part]) => {
        const isWhole = part === "whole" || !this.#pods.knows(podId);
        const { pods, containers } = this.#filtersOf(podId);
        const listed = await this.#list({ pods: isWhole && pods, containers });
        return {
          pods: listed.pods.filter(({ id }) => id === podId),
          containers: listed.containers.filter((container) => container.listed.podId === podId),
          wholePods: isWhole ? [podId] : [],
        };
      }),
    );
    return {
      pods: looks.flatMap(({ pods }) => pods),
      containers: looks.flatMap(({ containers }) => containers),
      of: { pods: looks.flatMap(({ wholePods }) => wholePods), containers: [...target.keys()] },
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

/** Nothing, where a look has found the same in the meantime, or more. */
function advance<State extends ContainerState | PodState, T extends Watched<State>>(
  known: KnownObjects<T>,
  { podId, id, state }: { podId: string; id: string; state: State },
  filter: StateFilter<State>,
  inState: (object: T) => T,
): ObjectChange<T> | undefined {
  const object = known.get(podId, id);
  if (!object || !isFurther(object.listed.state, state)) return undefined;
  // All else that filters go by stays as it is for life.
  const { state: wanted = state } = filter || {};
  return known.change(object, [wanted].flat().includes(state) ? inState(object) : undefined);
}
