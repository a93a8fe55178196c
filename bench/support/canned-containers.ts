import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ContainerSchema, ContainerState } from "../../src/proto.js";

/** Containers with the labels and annotations that kubelet gives them. */
export function cannedContainers(count: number): MessageInitShape<typeof ContainerSchema>[] {
  return Array.from({ length: count }, (_, index) => cannedContainer(index));
}

function cannedContainer(index: number): MessageInitShape<typeof ContainerSchema> {
  const pod = `web-${index}-7d4b9c6f5`;
  return {
    id: hex(index, 64),
    podSandboxId: cannedPodId(index),
    metadata: { name: "app", attempt: 0 },
    image: { image: `sha256:${hex(7, 64)}`, userSpecifiedImage: "registry.example/team/app:1.27.3" },
    imageRef: `registry.example/team/app@sha256:${hex(8, 64)}`,
    imageId: `sha256:${hex(7, 64)}`,
    state: ContainerState.CONTAINER_RUNNING,
    createdAt: 1_790_000_000_000_000_000n + BigInt(index),
    labels: {
      "io.kubernetes.container.name": "app",
      "io.kubernetes.pod.name": pod,
      "io.kubernetes.pod.namespace": "default",
      "io.kubernetes.pod.uid": `${hex(index, 8)}-1c2d-4e3f-8a9b-0c1d2e3f4a5b`,
    },
    annotations: {
      "io.kubernetes.container.hash": hex(index, 8),
      "io.kubernetes.container.restartCount": "0",
      "io.kubernetes.container.terminationMessagePath": "/dev/termination-log",
      "io.kubernetes.container.terminationMessagePolicy": "File",
      "io.kubernetes.pod.terminationGracePeriod": "30",
    },
  };
}

/** The pod of the container with this index: each has one of its own. */
export function cannedPodId(index: number): string {
  return hex(index + 0x1000000, 64);
}

function hex(value: number, digits: number): string {
  return (value + 2 ** 40).toString(16).slice(-digits).padStart(digits, "a");
}
