import { dirname } from "node:path";
import { type CriClient, connect } from "crikit";
import { type Manifest, type PlayedPod, type PlayPodOptions, type PodSpec, playPod } from "crikit/kube";
import { busyboxImage, type RuntimeHandle, type StartRuntimeOptions, startRuntime } from "crikit/testing";
import { afterAll, beforeAll } from "vitest";
import { takeStock } from "../../support/leaks.js";

export const image = "crikit.test/busybox:1";

/** A private runtime for the tests of a file, with a small image in it. */
export function useRuntime(): Lab {
  const lab = new Lab();
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());
  return lab;
}

export class Lab {
  readonly #options: StartRuntimeOptions;
  #runtime: RuntimeHandle | undefined;
  #cri: CriClient | undefined;

  constructor(options: StartRuntimeOptions = {}) {
    this.#options = options;
  }

  get runtime(): RuntimeHandle {
    if (!this.#runtime) throw new Error("The runtime is not started");
    return this.#runtime;
  }

  get cri(): CriClient {
    if (!this.#cri) throw new Error("The runtime is not started");
    return this.#cri;
  }

  async start(): Promise<void> {
    this.#runtime = await startRuntime(this.#options);
    await this.#runtime.importImage({ ref: image, ...(await busyboxImage()) });
    this.#cri = await connect(this.#runtime.endpoint);
  }

  async stop(): Promise<void> {
    await this.#cri?.[Symbol.asyncDispose]();
    await this.#runtime?.[Symbol.asyncDispose]();
  }

  /** Plays a pod that ends at once when it is disposed of. */
  play(spec: PodSpec, options: PlayPodOptions = {}): Promise<PlayedPod> {
    const manifest = {
      metadata: { name: "app", labels: { tier: "test" } },
      spec: { terminationGracePeriodSeconds: 0, ...spec },
    };
    return this.playAny(manifest, options);
  }

  playAny(manifest: Manifest, options: PlayPodOptions = {}): Promise<PlayedPod> {
    return playPod(this.cri, manifest, { timeoutMs: 60_000, ...options });
  }

  /** What the runtime holds, a line each. */
  stock(): Promise<string[]> {
    const { root, network, pid } = this.runtime;
    return takeStock({ directory: dirname(root), network }, pid);
  }
}

export const sleeping = { image, command: ["sleep", "1000"] };

/** What a shell in a container says. */
export async function shell(app: PlayedPod, container: string, script: string): Promise<string> {
  const { stdout } = await app.container(container).exec(["sh", "-c", script], { check: true });
  return stdout.trim();
}
