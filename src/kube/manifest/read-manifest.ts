import { ManifestError, type ManifestProblem } from "../../errors.js";
import { entriesOf } from "./config-entries.js";
import { type ManifestDocument, parseDocuments, toDocument } from "./documents.js";
import type { ConfigObjects, PodPlan } from "./plan.js";
import { checkReferences } from "./references.js";
import { configMap, type ReadConfigMap, type ReadSecret, secret } from "./schema/config-objects.js";
import { Place } from "./schema/place.js";
import { pod, type ReadPod } from "./schema/pod.js";
import type { ConfigMapManifest, SecretManifest } from "./types/config-objects.js";
import type { PodManifest } from "./types/pod.js";

/** A Pod, alone or with the ConfigMaps and Secrets that it names: as YAML or JSON, or as objects. */
export type Manifest = string | PodManifest | readonly (PodManifest | ConfigMapManifest | SecretManifest)[];

/** ConfigMaps and Secrets that are not in the manifest itself. */
export interface ManifestObjects {
  /** ConfigMaps that the pod names, beside those in the manifest. */
  readonly configMaps?: readonly ConfigMapManifest[] | undefined;
  /** Secrets that the pod names, beside those in the manifest. */
  readonly secrets?: readonly SecretManifest[] | undefined;
}

/** Throws a `ManifestError` with all that is wrong. */
export function readManifest(manifest: Manifest, objects: ManifestObjects = {}): PodPlan {
  const problems: ManifestProblem[] = [];
  const contents = typeof manifest === "string" ? parseDocuments(manifest) : [manifest].flat();
  const documents = contents.map(toDocument);
  const read = readPod(documents, problems);
  const others = readOthers(documents, objects, problems);
  refuse(problems);
  const own = others.filter(({ metadata }) => metadata.namespace === read.metadata.namespace);
  const plan = {
    pod: read,
    configMaps: byName(own.filter(({ kind }) => kind === "ConfigMap")),
    secrets: byName(own.filter(({ kind }) => kind === "Secret")),
  };
  checkReferences(plan, new Place("", problems));
  refuse(problems);
  return plan;
}

function refuse(problems: readonly ManifestProblem[]): void {
  if (problems.length > 0) throw new ManifestError(problems);
}

function readPod(documents: readonly ManifestDocument[], problems: ManifestProblem[]): ReadPod {
  const pods = documents.filter(({ kind }) => kind === "Pod");
  const place = new Place("", problems);
  if (pods.length !== 1) {
    place.invalid(`must hold one Pod: there ${pods.length === 0 ? "is none" : `are ${pods.length}`}`);
    refuse(problems);
  }
  return pod.read(pods[0]?.content, place);
}

function readOthers(
  documents: readonly ManifestDocument[],
  { configMaps = [], secrets = [] }: ManifestObjects,
  problems: ManifestProblem[],
): (ReadConfigMap | ReadSecret)[] {
  const found: (ReadConfigMap | ReadSecret)[] = [];
  for (const { kind, title, content } of documents) {
    const place = new Place(title, problems);
    if (kind === "ConfigMap") found.push(configMap.read(content, place));
    else if (kind === "Secret") found.push(secret.read(content, place));
    else if (kind !== "Pod") place.unsupported("is not played: only a Pod is, with ConfigMaps and Secrets");
  }
  const option = (name: string, index: number) => new Place(`${name}[${index}]`, problems);
  return [
    ...found,
    ...configMaps.map((given, index) => configMap.read(given, option("configMaps", index))),
    ...secrets.map((given, index) => secret.read(given, option("secrets", index))),
  ];
}

function byName(objects: readonly (ReadConfigMap | ReadSecret)[]): ConfigObjects["secrets"] {
  return new Map(objects.map((object) => [object.metadata.name, entriesOf(object)]));
}
