import { pullSecretKey } from "../translate/pull-credentials.js";
import type { Entries, PodPlan } from "./plan.js";
import type { ReadContainer, ReadInitContainer } from "./schema/container.js";
import type { ReadResourceFieldRef } from "./schema/env.js";
import type { Place } from "./schema/place.js";
import type { ReadDownwardFile, ReadKeyToPath, ReadVolume } from "./schema/volume.js";

interface Placed {
  readonly containers: readonly (readonly [ReadContainer | ReadInitContainer, Place])[];
  readonly volumes: readonly (readonly [ReadVolume, Place])[];
  readonly pullSecrets: readonly (readonly [{ readonly name: string }, Place])[];
}

/** The ConfigMaps, Secrets and containers that variables and volumes take their contents from must be there. */
export function checkSources(plan: PodPlan, { containers, volumes, pullSecrets }: Placed): void {
  const look = new Look(plan);
  for (const [{ name }, at] of pullSecrets) {
    const secret = look.object("Secret", { name, optional: false }, at);
    if (secret && !secret.has(pullSecretKey))
      at.invalid(`names the Secret ${name}, which has no ${pullSecretKey}`);
  }
  for (const [{ env, envFrom }, at] of containers) {
    for (const [index, { valueFrom }] of env.entries()) {
      const place = at.field("env").item(index).field("valueFrom");
      const { configMapKeyRef, secretKeyRef, resourceFieldRef } = valueFrom ?? {};
      if (configMapKeyRef) look.key("ConfigMap", configMapKeyRef, place.field("configMapKeyRef"));
      if (secretKeyRef) look.key("Secret", secretKeyRef, place.field("secretKeyRef"));
      if (resourceFieldRef?.containerName) look.container(resourceFieldRef, place.field("resourceFieldRef"));
    }
    for (const [index, { configMapRef, secretRef }] of envFrom.entries()) {
      const place = at.field("envFrom").item(index);
      if (configMapRef) look.object("ConfigMap", configMapRef, place.field("configMapRef"));
      if (secretRef) look.object("Secret", secretRef, place.field("secretRef"));
    }
  }
  for (const [{ configMap, secret, downwardAPI, projected }, at] of volumes) {
    if (configMap) look.items("ConfigMap", configMap, at.field("configMap"));
    if (secret) look.items("Secret", { ...secret, name: secret.secretName }, at.field("secret"));
    if (downwardAPI) look.files(downwardAPI.items, at.field("downwardAPI"));
    for (const [index, source] of projected?.sources.entries() ?? []) {
      const place = at.field("projected").field("sources").item(index);
      if (source.configMap) look.items("ConfigMap", source.configMap, place.field("configMap"));
      if (source.secret) look.items("Secret", source.secret, place.field("secret"));
      if (source.downwardAPI) look.files(source.downwardAPI.items, place.field("downwardAPI"));
    }
  }
}

interface Ref {
  readonly name: string;
  readonly optional: boolean;
}

class Look {
  readonly #plan: PodPlan;

  constructor(plan: PodPlan) {
    this.#plan = plan;
  }

  object(kind: "ConfigMap" | "Secret", { name, optional }: Ref, place: Place): Entries | undefined {
    const entries = this.#plan[kind === "Secret" ? "secrets" : "configMaps"].get(name);
    if (entries || optional) return entries;
    const { namespace } = this.#plan.pod.metadata;
    return place.invalid(`names the ${kind} ${name}, which was not given in the namespace ${namespace}`);
  }

  key(kind: "ConfigMap" | "Secret", ref: Ref & { readonly key: string }, place: Place): void {
    const entries = this.object(kind, ref, place);
    if (!entries || entries.has(ref.key) || ref.optional) return;
    place.field("key").invalid(`is ${ref.key}, which the ${kind} ${ref.name} has not`);
  }

  items(
    kind: "ConfigMap" | "Secret",
    ref: Ref & { readonly items: readonly ReadKeyToPath[] },
    place: Place,
  ): void {
    for (const [index, { key }] of ref.items.entries()) {
      this.key(kind, { ...ref, key }, place.field("items").item(index));
    }
    if (ref.items.length === 0) this.object(kind, ref, place);
  }

  files(files: readonly ReadDownwardFile[], place: Place): void {
    for (const [index, { resourceFieldRef }] of files.entries()) {
      const at = place.field("items").item(index).field("resourceFieldRef");
      if (resourceFieldRef) this.container(resourceFieldRef, at);
    }
  }

  container({ containerName }: ReadResourceFieldRef, place: Place): void {
    const { containers, initContainers } = this.#plan.pod.spec;
    const names = [...containers, ...initContainers].map(({ name }) => name);
    if (containerName === undefined) place.invalid("must have a containerName, in a volume");
    else if (!names.includes(containerName)) {
      place.field("containerName").invalid(`is ${containerName}, and there is no such container`);
    }
  }
}
