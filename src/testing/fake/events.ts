import { setMaxListeners } from "node:events";

import { create } from "@bufbuild/protobuf";

import {
  type ContainerEventResponse,
  ContainerEventResponseSchema,
  type ContainerEventType,
} from "../../proto.js";
import { containerStatus } from "./container-messages.js";
import { podStatus } from "./pod-messages.js";
import type { FakeState } from "./state.js";

/** What can go wrong with an event: it never comes, or it comes after the next one. */
export type EventFault = "drop" | "swap";

/** What GetContainerEvents tells: to every client each event since its call came in. */
export class Events {
  readonly #state: FakeState;
  readonly #subscribers = new Set<Subscriber>();
  readonly #faults: { fault: EventFault; times: number }[] = [];
  #held: ContainerEventResponse | undefined;

  constructor(state: FakeState) {
    this.#state = state;
  }

  fault(fault: EventFault, times: number): void {
    this.#faults.push({ fault, times });
  }

  /** Something has happened to a container, or to a pod itself where both IDs are the same. */
  publish(type: ContainerEventType, podId: string, containerId = podId): void {
    const pod = this.#state.pods.get(podId);
    const event = create(ContainerEventResponseSchema, {
      containerId,
      containerEventType: type,
      createdAt: this.#state.now(),
      ...(pod && { podSandboxStatus: podStatus(pod) }),
      containersStatuses: this.#state.containersOf(podId).map(containerStatus),
    });
    const fault = this.#nextFault();
    if (fault === "drop") return;
    const held = this.#held;
    this.#held = undefined;
    if (fault === "swap" && !held) this.#held = event;
    else for (const one of held ? [event, held] : [event]) this.#send(one);
  }

  async *subscribe(signal: AbortSignal): AsyncGenerator<ContainerEventResponse> {
    setMaxListeners(0, signal);
    const subscriber = new Subscriber();
    this.#subscribers.add(subscriber);
    const wake = () => subscriber.wake();
    signal.addEventListener("abort", wake);
    try {
      for (;;) {
        signal.throwIfAborted();
        yield* subscriber.waiting.splice(0);
        await subscriber.woken();
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#subscribers.delete(subscriber);
    }
  }

  #send(event: ContainerEventResponse): void {
    for (const subscriber of this.#subscribers) {
      subscriber.waiting.push(event);
      subscriber.wake();
    }
  }

  #nextFault(): EventFault | undefined {
    const [next] = this.#faults;
    if (!next) return undefined;
    next.times -= 1;
    if (next.times <= 0) this.#faults.shift();
    return next.fault;
  }
}

class Subscriber {
  readonly waiting: ContainerEventResponse[] = [];
  #wake: (() => void) | undefined;

  wake(): void {
    this.#wake?.();
  }

  /** Resolves once there is something to look at. */
  async woken(): Promise<void> {
    if (this.waiting.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
