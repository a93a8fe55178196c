import { type ListedContainer, type ListedPod, NotFoundError } from "crikit";

/** On a pod: the memory that each of its containers may have, in MiB. */
const memoryLabel = "node-agent.example/memory-mib";

/** Compares what is wanted with what is so, and changes the difference: it may be called at any time, and again. */
export class Reconciler {
  readonly #signal: AbortSignal;
  readonly #told = new Set<string>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async reconcile(pod: ListedPod, container: ListedContainer): Promise<void> {
    try {
      if (container.listed.state === "running") await this.#limitMemory(pod, container);
      if (container.listed.state === "exited") await this.#tellLastWords(pod, container);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error; // it has gone meanwhile: nothing is wanted of it
    }
  }

  forget(containerId: string): void {
    this.#told.delete(containerId);
  }

  async #limitMemory(pod: ListedPod, container: ListedContainer): Promise<void> {
    const mebibytes = Number(pod.listed.labels[memoryLabel]);
    if (!(mebibytes > 0)) return;
    const wanted = mebibytes * 1024 * 1024;
    const { resources } = await container.status({ signal: this.#signal });
    if (resources?.memoryLimitBytes === wanted) return;
    await container.updateResources({ memoryLimitBytes: wanted }, { signal: this.#signal });
    console.log(`${nameOf(pod, container)}: limited to ${mebibytes} MiB`);
  }

  async #tellLastWords(pod: ListedPod, container: ListedContainer): Promise<void> {
    if (this.#told.has(container.id)) return;
    const { reason } = await container.status({ signal: this.#signal });
    this.#told.add(container.id);
    if (reason !== "OOMKilled") return;
    console.log(`${nameOf(pod, container)}: out of memory`);
    for await (const { text } of container.logs({ tail: 3, signal: this.#signal })) console.log(`  ${text}`);
  }
}

function nameOf({ listed: { metadata } }: ListedPod, container: ListedContainer): string {
  return `${metadata.namespace}/${metadata.name}/${container.listed.metadata.name}`;
}
