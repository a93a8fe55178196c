import { NamespaceMode, type NamespaceOption } from "../../proto.js";
import { invalid } from "./invalid.js";

const field = "config.linux.sysctls";

const ipcSysctl =
  /^(kernel\.(sem|msgmax|msgmnb|msgmni|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\.[\w-]+)$/;

/**
 * The kernel settings of a pod. Only those can be set that the kernel keeps for each namespace, and only when
 * the pod has that namespace for itself: any other would be the node's. Throws `InvalidArgumentError`.
 */
export function podSysctls(
  sysctls: Readonly<Record<string, string>>,
  options: NamespaceOption | undefined,
): Record<string, string> {
  for (const name of Object.keys(sysctls)) {
    // A name may have slashes for dots, so that `net/ipv4/conf/eth0.1/forwarding` can be said.
    if (!/^\w[\w-]*([./][\w-]+)+$/.test(name)) {
      throw invalid(field, `has "${name}", which is not a name like net.ipv4.ip_forward`);
    }
    const dotted = name.replaceAll("/", ".");
    if (dotted.startsWith("net.")) requireOwn("network", options?.network, name);
    else if (ipcSysctl.test(dotted)) requireOwn("ipc", options?.ipc, name);
    else throw invalid(field, `has "${name}", which the kernel keeps for the whole node, not for each pod`);
  }
  return { ...sysctls };
}

function requireOwn(kind: "network" | "ipc", mode: NamespaceMode | undefined, name: string): void {
  if (mode !== NamespaceMode.NODE) return;
  throw invalid(
    field,
    `has "${name}", and this pod shares the node's ${kind} namespace: it would be the node's`,
  );
}
