import { rm } from "node:fs/promises";
import { Rollback } from "../async/rollback.js";
import { hostPath } from "../logs/host-path.js";
import type { PodSandboxConfig } from "../proto.js";
import type { CallOptions } from "../services/call-options.js";
import { carryFailures } from "./carry-failures.js";
import type { PodConfig } from "./config.js";
import type { ApiContext } from "./context.js";
import { mayBeMade, removeHalfMadePod } from "./half-made.js";
import { makeLogDirectory } from "./log-paths.js";
import { OwnedPod } from "./pod.js";
import { completePodConfig } from "./pod-defaults.js";

/** How to run a pod, beside what it is to be. */
export interface RunPodOptions extends CallOptions {
  /** The runtime handler to run it with, such as `runc` or `runsc`; the runtime's default unless told. */
  handler?: string | undefined;
  /** Where its log directory is made, if not where the client was told to; see `ConnectOptions.logRoot`. */
  logRoot?: string | undefined;
}

export function runPod(
  context: ApiContext,
  config: PodConfig,
  { handler: runtimeHandler = "", ...options }: RunPodOptions,
): Promise<OwnedPod> {
  return makePod(context, config, options, (complete, call) =>
    context.runtime.runPodSandbox({ config: complete, runtimeHandler }, call),
  );
}

/** Has the runtime make a pod of the whole configuration, beside what the SDK makes for it. */
export async function makePod(
  context: ApiContext,
  config: PodConfig,
  options: Omit<RunPodOptions, "handler">,
  make: (complete: PodSandboxConfig, call: CallOptions) => Promise<{ podSandboxId: string }>,
): Promise<OwnedPod> {
  const { logRoot = context.logRoot, ...call } = options;
  call.signal?.throwIfAborted();
  const complete = completePodConfig(config, logRoot);
  const { metadata } = complete;
  const rollback = new Rollback();
  try {
    // A directory that the caller has named is made for the runtime, and stays the caller's.
    const path = await hostPath(context.hostRoot, complete.logDirectory);
    const made = await makeLogDirectory(path);
    const logDirectory = made && !config.logDirectory ? path : undefined;
    if (logDirectory !== undefined) {
      rollback.add("remove the log directory", () => rm(logDirectory, { recursive: true, force: true }));
    }
    const sinceNs = BigInt(Date.now()) * 1_000_000n;
    try {
      const { podSandboxId: id } = await make(complete, call);
      return new OwnedPod(context, { id, config: complete, logDirectory });
    } catch (error) {
      if (metadata && mayBeMade(error, call.signal)) {
        rollback.add("remove the pod", () => removeHalfMadePod(context, metadata, sinceNs));
      }
      throw error;
    }
  } catch (error) {
    const failures = await rollback.run();
    carryFailures(
      error,
      failures.map((failure) => failure.error),
    );
    throw error;
  }
}
