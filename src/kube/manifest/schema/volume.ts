import type {
  ConfigMapVolume,
  DownwardApiFile,
  DownwardApiVolume,
  EmptyDirVolume,
  HostPathVolume,
  ImageVolume,
  KeyToPath,
  ProjectedSource,
  ProjectedVolume,
  SecretVolume,
  VolumeManifest,
  VolumeMount,
} from "../types/volume.js";
import { fileFieldRef, resourceFieldRef } from "./env.js";
import { imageReference, pullPolicy } from "./image.js";
import type { Output, RulesOf } from "./rule.js";
import { checked, exactlyOne, list, object, optional, withDefault } from "./structures.js";
import {
  absolutePath,
  dnsLabel,
  dnsName,
  fileMode,
  filled,
  flag,
  oneOf,
  quantity,
  relativePath,
  text,
} from "./values.js";

const defaultMode = { ...withDefault(fileMode, 0o644), says: `${fileMode.says}; 0644 unless told` };

const emptyDir = checked(
  object({
    medium: withDefault(oneOf("", "Memory"), ""),
    sizeLimit: optional(quantity),
  } satisfies RulesOf<EmptyDirVolume>),
  ({ medium, sizeLimit }) =>
    sizeLimit === undefined || medium === "Memory"
      ? undefined
      : "has a sizeLimit, which is kept with medium Memory only",
);

const hostPath = object({
  path: absolutePath,
  type: withDefault(
    oneOf(
      "",
      "DirectoryOrCreate",
      "Directory",
      "FileOrCreate",
      "File",
      "Socket",
      "CharDevice",
      "BlockDevice",
    ),
    "",
  ),
} satisfies RulesOf<HostPathVolume>);

const items = list(
  object({ key: filled, path: relativePath, mode: optional(fileMode) } satisfies RulesOf<KeyToPath>),
);

const configMap = object({
  name: dnsName,
  items,
  defaultMode,
  optional: withDefault(flag, false),
} satisfies RulesOf<ConfigMapVolume>);

const secret = object({
  secretName: dnsName,
  items,
  defaultMode,
  optional: withDefault(flag, false),
} satisfies RulesOf<SecretVolume>);

const downwardFile = exactlyOne(
  object({
    path: relativePath,
    fieldRef: optional(fileFieldRef),
    resourceFieldRef: optional(resourceFieldRef),
    mode: optional(fileMode),
  } satisfies RulesOf<DownwardApiFile>),
  ["fieldRef", "resourceFieldRef"],
);

const downwardAPI = object({ items: list(downwardFile), defaultMode } satisfies RulesOf<DownwardApiVolume>);

const projectedObject = object({ name: dnsName, items, optional: withDefault(flag, false) });

const projectedSource = exactlyOne(
  object(
    {
      configMap: optional(projectedObject),
      secret: optional(projectedObject),
      downwardAPI: optional(object({ items: list(downwardFile) })),
    } satisfies RulesOf<ProjectedSource>,
    { serviceAccountToken: "there is no API server to ask for a token" },
  ),
  ["configMap", "secret", "downwardAPI"],
);

const projected = object({
  sources: list(projectedSource),
  defaultMode,
} satisfies RulesOf<ProjectedVolume>);

const image = object({
  reference: imageReference,
  pullPolicy: optional(pullPolicy),
} satisfies RulesOf<ImageVolume>);

export const volume = exactlyOne(
  object({
    name: dnsLabel,
    emptyDir: optional(emptyDir),
    hostPath: optional(hostPath),
    configMap: optional(configMap),
    secret: optional(secret),
    downwardAPI: optional(downwardAPI),
    projected: optional(projected),
    image: optional(image),
  } satisfies RulesOf<VolumeManifest>),
  ["emptyDir", "hostPath", "configMap", "secret", "downwardAPI", "projected", "image"],
);

export const volumeMount = checked(
  object({
    name: dnsLabel,
    mountPath: checked(filled, (path) => (path.includes(":") ? "may not have a colon in it" : undefined)),
    readOnly: withDefault(flag, false),
    recursiveReadOnly: withDefault(oneOf("Disabled", "IfPossible", "Enabled"), "Disabled"),
    mountPropagation: withDefault(oneOf("None", "HostToContainer", "Bidirectional"), "None"),
    subPath: optional(relativePath),
    subPathExpr: optional(text),
  } satisfies RulesOf<VolumeMount>),
  ({ readOnly, recursiveReadOnly, mountPropagation, subPath, subPathExpr }) => {
    if (subPath && subPathExpr) return "has subPath and subPathExpr: take one of them out";
    if (recursiveReadOnly === "Disabled") return undefined;
    if (!readOnly) return "has recursiveReadOnly without readOnly";
    return mountPropagation === "None" ? undefined : "has recursiveReadOnly together with mountPropagation";
  },
);

export type ReadVolume = Output<typeof volume>;
export type ReadVolumeMount = Output<typeof volumeMount>;
export type ReadKeyToPath = Output<typeof items>[number];
export type ReadDownwardFile = Output<typeof downwardFile>;
