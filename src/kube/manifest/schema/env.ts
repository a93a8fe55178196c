import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  KeyRef,
  ObjectRef,
  ResourceFieldRef,
} from "../types/env.js";
import { isAbsent, type Output, type Rule, type RulesOf } from "./rule.js";
import { checked, exactlyOne, object, optional, withDefault } from "./structures.js";
import { dnsName, envName, filled, flag, oneOf, quantity, text } from "./values.js";

const simplePaths = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const keyedPath = /^metadata\.(labels|annotations)\['([^']+)'\]$/;
const wholePaths = ["metadata.labels", "metadata.annotations"];

function fieldRef(paths: readonly string[]) {
  const fieldPath = checked(
    text,
    (given) =>
      paths.includes(given) || keyedPath.test(given)
        ? undefined
        : `is ${JSON.stringify(given)}, must be one of ${paths.join(", ")}, metadata.labels['NAME'], metadata.annotations['NAME']`,
    "path of a field",
  );
  return object({ apiVersion: withDefault(oneOf("v1"), "v1"), fieldPath });
}

export const envFieldRef = fieldRef(simplePaths);
export const fileFieldRef = fieldRef([...simplePaths.slice(0, 3), ...wholePaths]);

export const resourceFieldRef = object({
  containerName: optional(filled),
  resource: oneOf("limits.cpu", "limits.memory", "requests.cpu", "requests.memory"),
  divisor: withDefault(divisor(), "1"),
} satisfies RulesOf<ResourceFieldRef>);

/** kubectl writes 0 for a divisor that is not set. */
function divisor(): Rule<string> {
  return {
    says: "quantity",
    read: (given, place) => (isAbsent(given) || String(given) === "0" ? "1" : quantity.read(given, place)),
  };
}

const keyRef = object({
  name: dnsName,
  key: filled,
  optional: withDefault(flag, false),
} satisfies RulesOf<KeyRef>);

const valueFrom = exactlyOne(
  object({
    fieldRef: optional(envFieldRef),
    resourceFieldRef: optional(resourceFieldRef),
    configMapKeyRef: optional(keyRef),
    secretKeyRef: optional(keyRef),
  } satisfies RulesOf<EnvVarSource>),
  ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"],
);

export const envVar = checked(
  object({
    name: envName,
    value: optional(text),
    valueFrom: optional(valueFrom),
  } satisfies RulesOf<EnvVar>),
  ({ value, valueFrom }) =>
    value && valueFrom ? "has value and valueFrom: take one of them out" : undefined,
);

const objectRef = object({ name: dnsName, optional: withDefault(flag, false) } satisfies RulesOf<ObjectRef>);

export const envFrom = exactlyOne(
  object({
    prefix: withDefault(text, ""),
    configMapRef: optional(objectRef),
    secretRef: optional(objectRef),
  } satisfies RulesOf<EnvFromSource>),
  ["configMapRef", "secretRef"],
);

export type ReadEnvVar = Output<typeof envVar>;
export type ReadEnvFrom = Output<typeof envFrom>;
export type ReadFieldRef = Output<typeof envFieldRef>;
export type ReadResourceFieldRef = Output<typeof resourceFieldRef>;
