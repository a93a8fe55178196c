import { NamespaceMode } from "../../proto.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import { idMappings, type ReadUserRange } from "./user-range.js";

/** Which namespaces the pod has of its own, and who its users are on the host if it has those. */
export function namespaces(
  { hostNetwork, hostPID, hostIPC, shareProcessNamespace }: ReadPod["spec"],
  users: ReadUserRange | undefined,
) {
  const ofPod = (isHosts: boolean) => (isHosts ? NamespaceMode.NODE : NamespaceMode.POD);
  const pid = shareProcessNamespace ? NamespaceMode.POD : NamespaceMode.CONTAINER;
  return {
    network: ofPod(hostNetwork),
    ipc: ofPod(hostIPC),
    pid: hostPID ? NamespaceMode.NODE : pid,
    ...(users && {
      usernsOptions: { mode: NamespaceMode.POD, uids: idMappings(users), gids: idMappings(users) },
    }),
  };
}
