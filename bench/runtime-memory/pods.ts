import { forEachOf } from "../../src/async/for-each-of.js";
import { Pod, type PodPlace } from "../runtime/pod.js";

const atOnce = 4;
/** As many as a private runtime's bridge has addresses for, and some to spare. */
const onBridge = 100;

/** Pods of one container each, which come to be more, and go with the scope. */
export class Pods implements AsyncDisposable {
  readonly #place: PodPlace;
  readonly #pods: Pod[] = [];

  constructor(place: PodPlace) {
    this.#place = place;
  }

  /** The pods that run. */
  get running(): readonly Pod[] {
    return this.#pods;
  }

  /** Runs more of them until there are so many. Those beyond the bridge's addresses have the node's network. */
  async growTo(count: number): Promise<void> {
    const indexes = Array.from({ length: count }, (_, index) => index).slice(this.#pods.length);
    await forEachOf(indexes, atOnce, async (index) => {
      const pod = new Pod(this.#place, { hostNetwork: index >= onBridge });
      await pod.start();
      this.#pods.push(pod);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await forEachOf(this.#pods, atOnce, (pod) => pod.end());
  }
}
