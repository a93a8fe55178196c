/** The pod that a spec belongs to. */
export interface SpecPod {
  id: string;
  metadata: { name: string; namespace: string; uid: string };
  logDirectory: string;
}

/**
 * What containerd writes into every spec, by its names: hooks find there whom they work for. `container-type` is left
 * out. By it gVisor would put a pod's containers into one process, which no monitor of a single one can watch.
 */
export function podAnnotations(pod: SpecPod): Record<string, string> {
  return ofPod(pod);
}

/** The same for a container of the pod. */
export function containerAnnotations(
  pod: SpecPod,
  container: { name: string; image: string },
): Record<string, string> {
  return {
    ...ofPod(pod),
    "io.kubernetes.cri.container-name": container.name,
    "io.kubernetes.cri.image-name": container.image,
  };
}

function ofPod({ id, metadata, logDirectory }: SpecPod): Record<string, string> {
  return {
    "io.kubernetes.cri.sandbox-id": id,
    "io.kubernetes.cri.sandbox-name": metadata.name,
    "io.kubernetes.cri.sandbox-namespace": metadata.namespace,
    "io.kubernetes.cri.sandbox-uid": metadata.uid,
    "io.kubernetes.cri.sandbox-log-directory": logDirectory,
  };
}
