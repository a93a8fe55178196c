import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PodSandboxFilterSchema } from "../../proto.js";
import { fromPodState, type PodState, type PodSummary, podStates } from "../pod-status.js";
import {
  checkFields,
  exactLabels,
  idTest,
  type LabelFilter,
  labelTest,
  statesOf,
  type Test,
  type TextFilter,
  textTest,
  wholeId,
} from "./conditions.js";

/** All that is set must hold. */
export interface PodFilter {
  /** The ID, or the beginning of it. */
  id?: string | undefined;
  /** The name in its metadata. */
  name?: TextFilter | undefined;
  /** The namespace in its metadata. */
  namespace?: TextFilter | undefined;
  /** One, or any of several. */
  state?: PodState | readonly PodState[] | undefined;
  /** Labels that it has. */
  labels?: LabelFilter | undefined;
}

/** A filter as it is carried out. */
export interface PodSelection {
  /** What the runtime can do of it: it may give more, never less. */
  readonly request: MessageInitShape<typeof PodSandboxFilterSchema>;
  /** Decides on all of it, whatever the runtime has made of its part. */
  readonly matches: Test<PodSummary>;
}

const podFilterFields = ["id", "name", "namespace", "state", "labels"];

/** @throws InvalidArgumentError that names the field. */
export function selectPods(filter: PodFilter): PodSelection {
  checkFields(filter, podFilterFields);
  const isId = idTest("id", filter.id);
  const isName = textTest("name", filter.name);
  const isNamespace = textTest("namespace", filter.namespace);
  const states = statesOf(filter.state, podStates);
  const hasLabels = labelTest(filter.labels);
  const [state, ...more] = states ?? [];
  return {
    request: {
      id: wholeId(filter.id),
      labelSelector: exactLabels(filter.labels),
      ...(state && more.length === 0 ? { state: { state: fromPodState(state) } } : {}),
    },
    matches: ({ id, metadata, state, labels }) =>
      isId(id) &&
      isName(metadata.name) &&
      isNamespace(metadata.namespace) &&
      (!states || states.includes(state)) &&
      hasLabels(labels),
  };
}
