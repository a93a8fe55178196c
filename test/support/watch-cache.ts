import { equals } from "@bufbuild/protobuf";
import type { CriClient, ListedContainer, ListedPod, WatchEvent } from "crikit";
import { ContainerSchema, PodSandboxSchema } from "crikit/proto";

/** What a reader of `watch()` knows, and whatever was told that did not fit to what it knew. */
export class WatchCache {
  readonly pods = new Map<string, ListedPod>();
  readonly containers = new Map<string, ListedContainer>();
  /** In the order told: `added pod ID list`, `synced`. */
  readonly told: string[] = [];
  readonly faults: string[] = [];

  /** Reads until the watch ends; gives the error that it ended with. */
  async follow(events: AsyncIterable<WatchEvent>): Promise<unknown> {
    try {
      for await (const event of events) this.take(event);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  take(event: WatchEvent): void {
    if (event.type === "synced") {
      this.told.push("synced");
    } else {
      const { type, kind, object, source } = event;
      this.told.push(`${type} ${kind} ${object.id} ${source}`);
      if (!this.#fits(event)) this.faults.push(`${type} ${kind} ${object.id}`);
      if (event.kind === "pod") change(this.pods, event.type, event.object);
      else change(this.containers, event.type, event.object);
    }
  }

  #fits(event: Exclude<WatchEvent, { type: "synced" }>): boolean {
    const { type, object, previous } = event;
    const known = event.kind === "pod" ? this.pods.get(object.id) : this.containers.get(object.id);
    if (type === "added") return known === undefined;
    if (type === "removed") return known === object;
    return known !== undefined && known === previous && !isSame(known, object);
  }

  /** Where the cache and what the runtime lists differ. */
  async differences(cri: CriClient): Promise<string[]> {
    const listed = [...(await cri.pods.list()), ...(await cri.containers.list())];
    const known = new Map<string, ListedPod | ListedContainer>([...this.pods, ...this.containers]);
    const wrong = listed.filter((object) => {
      const mine = known.get(object.id);
      known.delete(object.id);
      return !mine || !isSame(mine, object);
    });
    return [
      ...wrong.map(({ id }) => `not as listed: ${id}`),
      ...[...known.keys()].map((id) => `gone: ${id}`),
    ];
  }
}

function change<T extends { id: string }>(known: Map<string, T>, type: string, object: T): void {
  if (type === "removed") known.delete(object.id);
  else known.set(object.id, object);
}

function isSame(a: ListedPod | ListedContainer, b: ListedPod | ListedContainer): boolean {
  const [x, y] = [a.listed.raw, b.listed.raw];
  if (x.$typeName === "runtime.v1.PodSandbox" && y.$typeName === "runtime.v1.PodSandbox")
    return equals(PodSandboxSchema, x, y);
  if (x.$typeName === "runtime.v1.Container" && y.$typeName === "runtime.v1.Container")
    return equals(ContainerSchema, x, y);
  return false;
}
