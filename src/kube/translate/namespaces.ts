import { NamespaceMode } from "../../proto.js";
import type { ReadPod } from "../manifest/schema/pod.js";

/** Which namespaces the pod has of its own. */
export function namespaces({ hostNetwork, hostPID, hostIPC, shareProcessNamespace }: ReadPod["spec"]) {
  const ofPod = (isHosts: boolean) => (isHosts ? NamespaceMode.NODE : NamespaceMode.POD);
  const pid = shareProcessNamespace ? NamespaceMode.POD : NamespaceMode.CONTAINER;
  return {
    network: ofPod(hostNetwork),
    ipc: ofPod(hostIPC),
    pid: hostPID ? NamespaceMode.NODE : pid,
  };
}
