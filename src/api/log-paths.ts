import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CriError, InvalidArgumentError } from "../errors.js";
import { hostPath } from "../logs/host-path.js";
import type { ContainerConfig, PodSandboxConfig, PodSandboxMetadata } from "../proto.js";

/** Where kubelet has the runtime write logs, and where log shippers look for them. */
export const defaultLogRoot = "/var/log/pods";

/** kubelet's name for the log directory of a pod. */
export function podLogDirectory(logRoot: string, metadata: PodSandboxMetadata): string {
  for (const field of ["namespace", "name", "uid"] as const) {
    if (!/[/\0]/.test(metadata[field])) continue;
    const name = `config.metadata.${field}`;
    throw new InvalidArgumentError(
      `${name} is ${JSON.stringify(metadata[field])}, which cannot be part of a log directory's name: take the slash out, or set config.log_directory`,
      { field: name },
    );
  }
  return join(logRoot, `${metadata.namespace}_${metadata.name}_${metadata.uid}`);
}

/** kubelet's name for the log of a container, under the pod's log directory. */
export function containerLogPath(name: string, attempt: number): string {
  return `${name}/${attempt}.log`;
}

/**
 * Makes the directory that holds the container's log; runtimes do not make it. Nothing when the container
 * keeps no log.
 */
export async function makeContainerLogDirectory(
  hostRoot: string,
  sandbox: PodSandboxConfig,
  container: ContainerConfig,
): Promise<void> {
  if (sandbox.logDirectory === "" || container.logPath === "") return;
  const path = dirname(join(sandbox.logDirectory, container.logPath));
  await makeLogDirectory(await hostPath(hostRoot, path));
}

/** Tells whether this call made the directory; false when it was there. */
export async function makeLogDirectory(path: string): Promise<boolean> {
  try {
    return (await mkdir(path, { recursive: true })) !== undefined;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const denied = /^(EACCES|EPERM|EROFS)\b/.test(reason);
    throw new CriError(
      denied ? "permission_denied" : "failed_precondition",
      `Log directory ${path} could not be made (${reason}): run as root, give connect() another logRoot, or set config.log_directory`,
      { cause },
    );
  }
}
