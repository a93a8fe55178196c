import { randomUUID } from "node:crypto";
import type { CriClient } from "../../src/index.js";
import { NamespaceMode } from "../../src/proto.js";

/** Where pods are made, and of what. */
export interface PodPlace {
  readonly cri: CriClient;
  readonly image: string;
  readonly logDirectory: string;
}

/** What the parts of a pod's life took, in milliseconds. */
export interface PodTimes {
  readonly start: number;
  readonly stop: number;
}

/** Runs pods of one container with so many at a time, then stops and removes them; the times are for one pod. */
export async function podLife(place: PodPlace, { width }: { width: number }): Promise<PodTimes> {
  const pods = Array.from({ length: width }, () => new Pod(place));
  const start = performance.now();
  await Promise.all(pods.map((pod) => pod.start()));
  const running = performance.now();
  await Promise.all(pods.map((pod) => pod.end()));
  return { start: (running - start) / width, stop: (performance.now() - running) / width };
}

/** A pod of one container that sleeps. */
export class Pod {
  readonly #place: PodPlace;
  readonly #hostNetwork: boolean;
  #id = "";
  #containerId = "";

  constructor(place: PodPlace, { hostNetwork = false } = {}) {
    this.#place = place;
    this.#hostNetwork = hostNetwork;
  }

  get id(): string {
    return this.#id;
  }

  get containerId(): string {
    return this.#containerId;
  }

  async start(): Promise<void> {
    const { image, logDirectory, cri } = this.#place;
    const uid = randomUUID();
    const network = this.#hostNetwork ? NamespaceMode.NODE : NamespaceMode.POD;
    const namespaceOptions = { pid: NamespaceMode.CONTAINER, network };
    const sandboxConfig = {
      metadata: { name: "bench", namespace: "default", uid, attempt: 0 },
      logDirectory,
      linux: { securityContext: { namespaceOptions } },
    };
    this.#id = (await cri.runtime.runPodSandbox({ config: sandboxConfig })).podSandboxId;
    const config = {
      metadata: { name: "main" },
      image: { image },
      command: ["sleep", "10000"],
      logPath: `${uid}.log`,
      linux: { securityContext: { namespaceOptions } },
    };
    const created = await cri.runtime.createContainer({ podSandboxId: this.#id, config, sandboxConfig });
    this.#containerId = created.containerId;
    await cri.runtime.startContainer({ containerId: this.#containerId });
  }

  /** As kubelet ends a pod whose processes do not mind: no grace, so that no program's own time counts. */
  async end(): Promise<void> {
    const { runtime } = this.#place.cri;
    await runtime.stopContainer({ containerId: this.#containerId, timeout: 0n });
    await runtime.stopPodSandbox({ podSandboxId: this.#id });
    await runtime.removeContainer({ containerId: this.#containerId });
    await runtime.removePodSandbox({ podSandboxId: this.#id });
  }
}
