/** The pod that a spec belongs to. */
export interface SpecPod {
  id: string;
  metadata: { name: string; namespace: string; uid: string };
  logDirectory: string;
}

/**
 * What containerd writes into every spec, by its names. OCI runtimes that keep a pod in a virtual machine or a kernel
 * of its own (gVisor, kata) tell the pod from its containers by these, and hooks find there whom they work for.
 */
export function podAnnotations(pod: SpecPod): Record<string, string> {
  return { ...ofPod(pod), "io.kubernetes.cri.container-type": "sandbox" };
}

/** The same for a container of the pod. */
export function containerAnnotations(
  pod: SpecPod,
  container: { name: string; image: string },
): Record<string, string> {
  return {
    ...ofPod(pod),
    "io.kubernetes.cri.container-type": "container",
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
