import type { Entries, PodPlan } from "../manifest/plan.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadEnvVar } from "../manifest/schema/env.js";
import { expand } from "./expand.js";
import type { PodFacts } from "./facts.js";
import { fieldText, resourceText } from "./fields.js";

type AnyContainer = ReadContainer | ReadInitContainer;

/** A container's variables: of those with one name the last one counts, and `env` goes before `envFrom`. */
export function buildEnv(plan: PodPlan, container: AnyContainer, facts: PodFacts): Map<string, string> {
  const variables = new Map<string, string>();
  for (const { prefix, configMapRef, secretRef } of container.envFrom) {
    const entries = configMapRef
      ? plan.configMaps.get(configMapRef.name)
      : plan.secrets.get(secretRef?.name ?? "");
    for (const key of entries?.keys() ?? []) {
      variables.set(`${prefix}${key}`, entryText(entries, key) ?? "");
    }
  }
  for (const variable of container.env) {
    const value = variable.valueFrom
      ? valueFrom(plan, container, variable.valueFrom, facts)
      : expand(variable.value ?? "", variables);
    if (value !== undefined) variables.set(variable.name, value);
  }
  return variables;
}

/** `undefined`: what is optional is not there, so that there is no variable. */
function valueFrom(
  plan: PodPlan,
  container: AnyContainer,
  source: NonNullable<ReadEnvVar["valueFrom"]>,
  facts: PodFacts,
): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef) return fieldText(plan, facts, fieldRef.fieldPath);
  if (configMapKeyRef) return entryText(plan.configMaps.get(configMapKeyRef.name), configMapKeyRef.key);
  if (secretKeyRef) return entryText(plan.secrets.get(secretKeyRef.name), secretKeyRef.key);
  if (!resourceFieldRef) return undefined;
  const { containerName = container.name } = resourceFieldRef;
  return resourceText(findContainer(plan, containerName) ?? container, resourceFieldRef, facts);
}

export function findContainer({ pod }: PodPlan, name: string): AnyContainer | undefined {
  return [...pod.spec.containers, ...pod.spec.initContainers].find((one) => one.name === name);
}

function entryText(entries: Entries | undefined, key: string): string | undefined {
  const bytes = entries?.get(key);
  return bytes && new TextDecoder().decode(bytes);
}
