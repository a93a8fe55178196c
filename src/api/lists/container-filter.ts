import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ContainerFilterSchema } from "../../proto.js";
import {
  type ContainerState,
  type ContainerSummary,
  containerStates,
  fromContainerState,
} from "../container-status.js";
import {
  checkFields,
  exactLabels,
  idTest,
  type LabelFilter,
  type LaterTest,
  labelTest,
  statesOf,
  type TextFilter,
  textTest,
  wholeId,
} from "./conditions.js";
import { imageTest } from "./image-test.js";
import { namespaceTest } from "./namespace-test.js";

/** All that is set must hold. */
export interface ContainerFilter {
  /** The ID, or the beginning of it. */
  id?: string | undefined;
  /** The pod that it is in: its handle, its ID, or the beginning of that. */
  pod?: string | { readonly id: string } | undefined;
  /** The name in its metadata. */
  name?: TextFilter | undefined;
  /** The namespace of its pod. Costs a list of the pods. */
  namespace?: TextFilter | undefined;
  /**
   * The image that it was made from, by name (`nginx` is `docker.io/library/nginx:latest`), digest or ID. Those made
   * by this name count, and those whose image has this name now. Costs a question for the image.
   */
  image?: string | undefined;
  /** One, or any of several. */
  state?: ContainerState | readonly ContainerState[] | undefined;
  /** Labels that it has. */
  labels?: LabelFilter | undefined;
}

/** A filter as it is carried out. */
export interface ContainerSelection {
  /** What the runtime can do of it: it may give more, never less. */
  readonly request: MessageInitShape<typeof ContainerFilterSchema>;
  /**
   * Asks for what must be known besides the containers, and gives the test that decides on all of the filter,
   * whatever the runtime has made of its part.
   */
  readonly prepare: LaterTest<ContainerSummary>;
}

const containerFilterFields = ["id", "pod", "name", "namespace", "image", "state", "labels"];

/** @throws InvalidArgumentError that names the field. */
export function selectContainers(filter: ContainerFilter): ContainerSelection {
  checkFields(filter, containerFilterFields);
  const podId = podIdOf(filter);
  const isId = idTest("id", filter.id);
  const isPod = idTest("pod", podId);
  const isName = textTest("name", filter.name);
  const states = statesOf(filter.state, containerStates);
  const hasLabels = labelTest(filter.labels);
  const namespace = namespaceTest({ id: podId, namespace: filter.namespace });
  const image = imageTest(filter.image);
  const [state, ...more] = states ?? [];
  return {
    request: {
      id: wholeId(filter.id),
      podSandboxId: wholeId(podId),
      labelSelector: exactLabels(filter.labels),
      ...(state && more.length === 0 ? { state: { state: fromContainerState(state) } } : {}),
    },
    async prepare(context, call) {
      const isInNamespace = await namespace(context, call);
      const isOfImage = await image(context, call);
      return (container) =>
        isId(container.id) &&
        isPod(container.podId) &&
        isName(container.metadata.name) &&
        (!states || states.includes(container.state)) &&
        hasLabels(container.labels) &&
        isInNamespace(container) &&
        isOfImage(container);
    },
  };
}

export function podIdOf({ pod }: Pick<ContainerFilter, "pod">): string | undefined {
  return typeof pod === "object" ? pod.id : pod;
}
