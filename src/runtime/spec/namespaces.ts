import { InvalidArgumentError } from "../../errors.js";
import { NamespaceMode, type NamespaceOption } from "../../proto.js";
import type { OciNamespace } from "../oci.js";

/** Refuses what this runtime cannot do yet, before anything is made. */
export function checkUserNamespace(options: NamespaceOption | undefined, owner: string): void {
  const userns = options?.usernsOptions;
  if (!userns || userns.mode === NamespaceMode.NODE) return;
  const field = `${owner}.linux.security_context.namespace_options.userns_options`;
  throw new InvalidArgumentError(
    `${field}: user namespaces are not served by this runtime, leave it out or set mode NODE`,
    { field },
  );
}

/** The namespaces that a pod's pause process holds. What is the node's is left out, and so inherited. */
export function sandboxNamespaces(
  options: NamespaceOption | undefined,
  netns: string | undefined,
): OciNamespace[] {
  const namespaces: OciNamespace[] = [{ type: "mount" }];
  // A hostname set by a process that shares the node's UTS namespace would be the node's.
  if (netns !== undefined) namespaces.push({ type: "network", path: netns }, { type: "uts" });
  if (options?.ipc !== NamespaceMode.NODE) namespaces.push({ type: "ipc" });
  if (options?.pid !== NamespaceMode.NODE) namespaces.push({ type: "pid" });
  return namespaces;
}

export interface ContainerNamespaceInput {
  options: NamespaceOption | undefined;
  /** The pid of the pod's pause process. Where the pod uses the node's namespace, so does that process. */
  sandboxPid: number;
  /** The init process of the container that `target_id` names. */
  targetPid: number | undefined;
  cgroupVersion: 1 | 2;
  privileged: boolean;
}

/** The namespaces of a container: the pod's, but for its mounts and, as asked, its processes. */
export function containerNamespaces(input: ContainerNamespaceInput): OciNamespace[] {
  const { options, sandboxPid, targetPid } = input;
  const ofPod = (type: "network" | "ipc" | "uts") => ({
    type,
    path: `/proc/${sandboxPid}/ns/${type === "network" ? "net" : type}`,
  });
  const namespaces: OciNamespace[] = [{ type: "mount" }, ofPod("network"), ofPod("ipc"), ofPod("uts")];
  switch (options?.pid ?? NamespaceMode.POD) {
    case NamespaceMode.POD:
      namespaces.push({ type: "pid", path: `/proc/${sandboxPid}/ns/pid` });
      break;
    case NamespaceMode.CONTAINER:
      namespaces.push({ type: "pid" });
      break;
    case NamespaceMode.TARGET:
      namespaces.push({ type: "pid", path: `/proc/${targetPid}/ns/pid` });
      break;
    case NamespaceMode.NODE:
      break;
  }
  if (input.cgroupVersion === 2 && !input.privileged) namespaces.push({ type: "cgroup" });
  return namespaces;
}
