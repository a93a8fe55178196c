import type { ConfigMapManifest, SecretManifest } from "../types/config-objects.js";
import type { Output, RulesOf } from "./rule.js";
import { mapOf, object, optional, withDefault } from "./structures.js";
import { base64, dnsLabel, dnsName, flag, oneOf, text } from "./values.js";

const metadata = object({
  name: dnsName,
  namespace: withDefault(dnsLabel, "default"),
  labels: mapOf(text),
  annotations: mapOf(text),
} satisfies RulesOf<ConfigMapManifest["metadata"] & object>);

export const configMap = object({
  apiVersion: withDefault(oneOf("v1"), "v1"),
  kind: withDefault(oneOf("ConfigMap"), "ConfigMap"),
  metadata,
  data: mapOf(text),
  binaryData: mapOf(base64),
  immutable: optional(flag),
} satisfies RulesOf<ConfigMapManifest>);

export const secret = object({
  apiVersion: withDefault(oneOf("v1"), "v1"),
  kind: withDefault(oneOf("Secret"), "Secret"),
  metadata,
  type: optional(text),
  data: mapOf(base64),
  stringData: mapOf(text),
  immutable: optional(flag),
} satisfies RulesOf<SecretManifest>);

export type ReadConfigMap = Output<typeof configMap>;
export type ReadSecret = Output<typeof secret>;
