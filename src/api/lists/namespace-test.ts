import type { ContainerSummary } from "../container-status.js";
import { type LaterTest, textTest } from "./conditions.js";
import { listPods } from "./list-pods.js";
import type { PodFilter } from "./pod-filter.js";

/** Containers tell their pod, and only the pod tells its namespace. */
export function namespaceTest({
  id,
  namespace,
}: Pick<PodFilter, "id" | "namespace">): LaterTest<ContainerSummary> {
  textTest("namespace", namespace);
  return async (context, call) => {
    if (namespace === undefined) return () => true;
    const pods = new Set((await listPods(context, { id, namespace }, call)).map(({ id }) => id));
    return ({ podId }) => pods.has(podId);
  };
}
