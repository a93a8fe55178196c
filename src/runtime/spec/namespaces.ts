import { NamespaceMode, type NamespaceOption } from "../../proto.js";
import type { OciNamespace } from "../oci.js";
import { invalid } from "./invalid.js";

const field = "config.linux.security_context.namespace_options";

/** Refuses, before anything is made, the modes that CRI does not have for a namespace or that are not served. */
export function checkNamespaceOptions(
  options: NamespaceOption | undefined,
  of: "sandbox" | "container",
): void {
  if (!options) return;
  for (const kind of ["network", "ipc"] as const) {
    const mode = options[kind];
    if (mode !== NamespaceMode.POD && mode !== NamespaceMode.NODE) {
      throw invalid(`${field}.${kind}`, `is ${NamespaceMode[mode] ?? mode}, and can only be POD or NODE`);
    }
  }
  if (of === "sandbox" && options.pid === NamespaceMode.TARGET) {
    throw invalid(`${field}.pid`, "is TARGET, which is for containers only");
  }
}

/**
 * The namespaces that a pod's pause process holds. What is the node's is left out, and so inherited. Without
 * a network namespace of its own the pod has the node's hostname too, so no UTS namespace either.
 */
export function sandboxNamespaces(
  options: NamespaceOption | undefined,
  { netns, userns }: { netns: string | undefined; userns: string | undefined },
): OciNamespace[] {
  const namespaces: OciNamespace[] = [...userNamespace(userns), { type: "mount" }];
  if (netns !== undefined) namespaces.push({ type: "network", path: netns }, { type: "uts" });
  if (options?.ipc !== NamespaceMode.NODE) namespaces.push({ type: "ipc" });
  if (options?.pid !== NamespaceMode.NODE) namespaces.push({ type: "pid" });
  return namespaces;
}

export interface ContainerNamespaceInput {
  options: NamespaceOption | undefined;
  /** The pid of the pod's pause process. Where the pod uses the node's namespace, so does that process. */
  sandboxPid: number;
  /** The init process of the container that `target_id` names; undefined when it does not run. */
  targetPid: number | undefined;
  cgroupVersion: 1 | 2;
  privileged: boolean;
  /** Whether the pod has a user namespace. */
  ownUsers: boolean;
}

/** The namespaces of a container: the pod's, but for its mounts and, as asked, its processes. */
export function containerNamespaces(input: ContainerNamespaceInput): OciNamespace[] {
  const ofPod = `/proc/${input.sandboxPid}/ns`;
  const namespaces: OciNamespace[] = [
    ...userNamespace(input.ownUsers ? `${ofPod}/user` : undefined),
    { type: "mount" },
    { type: "network", path: `${ofPod}/net` },
    { type: "ipc", path: `${ofPod}/ipc` },
    { type: "uts", path: `${ofPod}/uts` },
    ...pidNamespace(input, ofPod),
  ];
  // With version 1 it would only hide from the container which group it is in.
  if (input.cgroupVersion === 2 && !input.privileged) namespaces.push({ type: "cgroup" });
  return namespaces;
}

/** First: the others that are made belong to it. */
function userNamespace(path: string | undefined): OciNamespace[] {
  return path === undefined ? [] : [{ type: "user", path }];
}

function pidNamespace({ options, targetPid }: ContainerNamespaceInput, ofPod: string): OciNamespace[] {
  switch (options?.pid ?? NamespaceMode.POD) {
    case NamespaceMode.NODE:
      return [];
    case NamespaceMode.CONTAINER:
      return [{ type: "pid" }];
    case NamespaceMode.TARGET:
      if (targetPid !== undefined) return [{ type: "pid", path: `/proc/${targetPid}/ns/pid` }];
      throw invalid(`${field}.target_id`, `names "${options?.targetId}", which is not a running container`);
    default:
      return [{ type: "pid", path: `${ofPod}/pid` }];
  }
}
