import { CriError } from "../../errors.js";
import { isAlive } from "../adapters/process.js";
import type { LifecycleDeps } from "../deps.js";
import { requireById } from "../state/ids.js";
import { isReady, type SandboxRecord } from "../state/sandbox-record.js";

/**
 * A sandbox that something can be done in. Throws when it is not ready, also where its pause process, and with it
 * namespaces, has gone and nobody has noticed yet; `cause` is what has come of that.
 */
export async function requireReady(
  { sandboxes }: Pick<LifecycleDeps, "sandboxes">,
  podSandboxId: string,
  cause?: unknown,
): Promise<SandboxRecord> {
  const record = requireById(sandboxes, podSandboxId, "sandbox");
  const { id, metadata, pause } = record;
  if (isReady(record) && pause && (await isAlive(pause))) return record;
  const pod = `${metadata.namespace}/${metadata.name}`;
  throw new CriError("failed_precondition", `Sandbox ${id} of pod ${pod} is not ready: run a new one`, {
    cause,
  });
}
