import { CriError } from "../../errors.js";
import type { LifecycleDeps } from "../deps.js";
import type { RecordedPortMapping, SandboxRecord } from "../state/sandbox-record.js";

/**
 * Writes the record of a pod that is about to be made, unless another pod holds one of its host ports: the
 * network's rules would lead all traffic to the first of them. A pod holds them until it is stopped.
 */
export async function recordWithHostPorts(
  { sandboxes, locks }: Pick<LifecycleDeps, "sandboxes" | "locks">,
  record: SandboxRecord,
): Promise<void> {
  if (record.portMappings.length === 0) return sandboxes.put(record);
  // Of two requests for one port only one may find it free.
  await locks.run("host ports", async () => {
    checkHostPorts(sandboxes.list(), record);
    await sandboxes.put(record);
  });
}

function checkHostPorts(others: readonly SandboxRecord[], { portMappings }: SandboxRecord): void {
  for (const [index, wanted] of portMappings.entries()) {
    if (portMappings.slice(0, index).some((earlier) => collide(earlier, wanted))) {
      throw taken(wanted, "asked for twice");
    }
    const holder = others.find((other) => holds(other, wanted));
    if (holder) {
      const { namespace, name } = holder.metadata;
      throw taken(wanted, `held by sandbox ${holder.id} (pod ${namespace}/${name}): stop that one first`);
    }
  }
}

function taken({ hostPort, protocol }: RecordedPortMapping, why: string): CriError {
  return new CriError("failed_precondition", `Host port ${hostPort}/${protocol} is ${why}`);
}

function holds({ stoppedAt, portMappings }: SandboxRecord, wanted: RecordedPortMapping): boolean {
  return stoppedAt === undefined && portMappings.some((mapping) => collide(mapping, wanted));
}

function collide(a: RecordedPortMapping, b: RecordedPortMapping): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return isAnyAddress(a.hostIP) || isAnyAddress(b.hostIP) || a.hostIP === b.hostIP;
}

function isAnyAddress(hostIP: string | undefined): boolean {
  return hostIP === undefined || /^[0:.]+$/.test(hostIP);
}
