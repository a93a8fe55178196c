import { sleep } from "../async/abort.js";
import { Backoff } from "../async/backoff.js";
import type { CallOptions } from "../services/call-options.js";
import { type ContainerStatus, toContainerStatus } from "./container-status.js";
import type { ApiContext } from "./context.js";
import { isPassing } from "./passing.js";
import { limitTime } from "./time-limit.js";

/** How a container has ended. */
export interface ContainerExit {
  /** The command's own code; 128 and more: ended by signal (code - 128), or it could not be started. */
  readonly exitCode: number;
  /** In CamelCase: `Completed`, `Error`, `OOMKilled`, `StartError`. */
  readonly reason: string;
  /** The same as `reason` in a sentence of the runtime's; often empty. */
  readonly message: string;
  /** When it ended, by the runtime's clock; undefined where the runtime does not know. */
  readonly finishedAt: Date | undefined;
}

/** Asks for the status, at first often, until the container has ended. */
export async function waitForExit(
  context: ApiContext,
  containerId: string,
  options: CallOptions,
): Promise<ContainerExit> {
  const { headers } = options;
  const limit = limitTime(options, `The wait for container ${containerId}`);
  const { signal } = limit;
  const backoff = new Backoff({ minMs: 20, maxMs: 500 });
  try {
    for (;;) {
      const status = await askStatus(context, containerId, { signal, headers, retries: 0 });
      if (status?.state === "exited") {
        const { exitCode = 0, reason, message, finishedAt } = status;
        return { exitCode, reason, message, finishedAt };
      }
      await sleep(backoff.next(), signal);
    }
  } finally {
    limit[Symbol.dispose]();
  }
}

async function askStatus(
  context: ApiContext,
  containerId: string,
  options: CallOptions,
): Promise<ContainerStatus | undefined> {
  try {
    return toContainerStatus(containerId, await context.runtime.containerStatus({ containerId }, options));
  } catch (error) {
    options.signal?.throwIfAborted();
    // A runtime that restarts: its containers run on, so the wait goes on.
    if (isPassing(error)) return undefined;
    throw error;
  }
}
