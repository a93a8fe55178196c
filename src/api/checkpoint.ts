import { isAbsolute } from "node:path";
import { InvalidArgumentError } from "../errors.js";
import type { CallOptions } from "../services/call-options.js";
import type { ApiContext } from "./context.js";
import { listContainers } from "./lists/list-containers.js";
import { toSeconds } from "./time.js";

/** Where to write a checkpoint, and how long it may take. */
export interface CheckpointOptions extends CallOptions {
  /**
   * The archive to write, by its absolute path on the node. It holds all that is in the memory of the processes:
   * whoever may read it has their secrets.
   */
  path: string;
  /** How long the processes may be written down, rounded up to whole seconds; the runtime's own limit unless told. */
  timeoutMs?: number | undefined;
}

/** A runtime needs a moment to undo what was not done in time. */
const graceMs = 10_000;

export async function checkpointContainer(
  { runtime }: ApiContext,
  containerId: string,
  { path: location, timeoutMs = 0, ...call }: CheckpointOptions,
): Promise<void> {
  requireAbsolute(location);
  const timeout = toSeconds(timeoutMs);
  const limit = timeout > 0n ? { timeoutMs: Number(timeout) * 1000 + graceMs } : {};
  await runtime.checkpointContainer({ containerId, location, timeout }, { ...call, ...limit });
}

/** CRI wants the caller to have a deadline. */
export function requireLimit({ timeoutMs }: CallOptions, rpc: string): void {
  if (timeoutMs !== 0) return;
  throw new InvalidArgumentError(`timeoutMs is 0: ${rpc} needs a limit`, { field: "timeoutMs" });
}

export function requireAbsolute(path: string): void {
  if (isAbsolute(path)) return;
  throw new InvalidArgumentError(`path is "${path}": give an absolute path on the runtime's node`, {
    field: "path",
  });
}

/** Where to write a checkpoint of a pod, and of which of its containers. */
export interface PodCheckpointOptions extends CallOptions {
  /** An empty directory on the node, by its absolute path. Whoever may read it has what was in memory. */
  path: string;
  /** The IDs of the containers to write down; all that run unless told. */
  containers?: readonly string[] | undefined;
}

export async function checkpointPod(
  context: ApiContext,
  podSandboxId: string,
  { path: outputPath, containers, ...call }: PodCheckpointOptions,
): Promise<void> {
  requireAbsolute(outputPath);
  requireLimit(call, "CheckpointPod");
  const containerIds = [...(containers ?? (await runningContainers(context, podSandboxId, call)))];
  await context.runtime.checkpointPod({ podSandboxId, outputPath, containerIds }, call);
}

async function runningContainers(context: ApiContext, pod: string, call: CallOptions): Promise<string[]> {
  const running = await listContainers(context, { pod, state: "running" }, call);
  return running.map(({ id }) => id);
}
