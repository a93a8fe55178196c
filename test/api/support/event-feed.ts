import type { MessageInitShape } from "@bufbuild/protobuf";
import { Broadcast } from "../../../src/async/broadcast.js";
import type { ContainerEventResponseSchema, ContainerEventType } from "../../../src/proto.js";
import type { RuntimeImpl } from "./serve.js";

type Event = MessageInitShape<typeof ContainerEventResponseSchema>;

/** GetContainerEvents that tells what it is told to tell. */
export class EventFeed {
  /** How often events were asked for. */
  opened = 0;
  #feed = make();

  /** Clients that listen now. */
  get listeners(): number {
    return this.#feed.subscribers;
  }

  tell(containerEventType: ContainerEventType, containerId: string, podId?: string, more: object = {}): void {
    const pod = podId === undefined ? {} : { podSandboxStatus: { id: podId } };
    this.#feed.publish({ containerEventType, containerId, ...pod, ...more });
  }

  /** Ends the streams that are open; with an error if one is given. */
  end(error?: Error): void {
    const before = this.#feed;
    this.#feed = make();
    before.close(error ?? cleanEnd);
  }

  async *subscribe(signal: AbortSignal): AsyncGenerator<Event> {
    this.opened += 1;
    try {
      yield* this.#feed.subscribe(signal);
    } catch (error) {
      if (error !== cleanEnd) throw error;
    }
  }

  services(): RuntimeImpl {
    return { getContainerEvents: (_request, { signal }) => this.subscribe(signal) };
  }
}

const cleanEnd = new Error("clean end");

function make(): Broadcast<Event> {
  return new Broadcast<Event>({ limit: 100_000, tooSlow: () => new Error("too slow") });
}
