import { sleep } from "../../async/abort.js";
import type { Rollback } from "../../async/rollback.js";
import { CriError } from "../../errors.js";
import { sandboxConfig } from "../translate/sandbox-config.js";
import type { PodContext, Sandbox } from "./pod-context.js";
import { RestartBackoff } from "./restart-backoff.js";

export interface SandboxesOptions {
  readonly cgroupParent: string | undefined;
  readonly logRoot: string | undefined;
  /** Removes all that were made. */
  readonly rollback: Rollback;
}

/** The sandboxes that a pod has one after the other: the current one, and the one before it for its logs. */
export class Sandboxes {
  readonly #context: PodContext;
  readonly #options: SandboxesOptions;
  readonly #backoff: RestartBackoff;
  readonly #made: Sandbox[] = [];
  #attempts = 0;

  constructor(context: PodContext, options: SandboxesOptions) {
    this.#context = context;
    this.#options = options;
    this.#backoff = new RestartBackoff(context.backoff);
  }

  get current(): Sandbox | undefined {
    return this.#made.at(-1);
  }

  /** Runs the next one. The first must succeed; later ones are tried until they do. */
  async next(signal: AbortSignal): Promise<Sandbox> {
    for (;;) {
      const isFirst = this.current === undefined;
      if (!isFirst) await sleep(this.#backoff.next(0), signal);
      try {
        return await this.#run(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isFirst || (error instanceof CriError && error.code === "closed")) throw error;
        const message = error instanceof Error ? error.message : String(error);
        this.#context.tell({ type: "sandboxFailed", message });
      }
    }
  }

  async #run(signal: AbortSignal): Promise<Sandbox> {
    const { cri, plan, uid, node, volumes, users, tell } = this.#context;
    const { runtimeClassName, hostNetwork } = plan.pod.spec;
    const { cgroupParent, logRoot, rollback } = this.#options;
    const attempt = this.#attempts++;
    const config = sandboxConfig(plan.pod, { uid, node, attempt, cgroupParent, users });
    const pod = await cri.pods.run(config, { handler: runtimeClassName, logRoot, signal });
    rollback.add("remove the sandbox", () => pod[Symbol.asyncDispose]());
    const { ips } = await pod.status({ signal });
    const podIps = hostNetwork ? node.ips : ips;
    const hostsPath = await volumes.hostsFile({ hostname: config.hostname ?? node.name, ips: podIps });
    const sandbox = { pod, attempt, facts: { uid, node, podIps }, hostsPath };
    this.#made.push(sandbox);
    await this.#removeOld();
    tell({ type: "sandbox", podId: pod.id, attempt, ips: podIps });
    return sandbox;
  }

  /** By its ID alone, as the handle of the first one removes the logs of all. */
  async #removeOld(): Promise<void> {
    for (const { pod } of this.#made.slice(0, -2)) await this.#context.cri.pods.get(pod.id).remove();
    this.#made.splice(0, this.#made.length - 2);
  }
}
