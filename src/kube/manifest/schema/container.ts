import type { ContainerManifest, ContainerPort } from "../types/container.js";
import { envFrom, envVar } from "./env.js";
import { imageReference, pullPolicy } from "./image.js";
import { killingProbe, lifecycle, readinessProbe } from "./probe.js";
import { resources } from "./resources.js";
import type { Output, RulesOf } from "./rule.js";
import { securityContext } from "./security.js";
import { checked, list, object, optional, withDefault } from "./structures.js";
import { absolutePath, address, dnsLabel, flag, oneOf, port, portName, text } from "./values.js";
import { volumeMount } from "./volume.js";

const containerPort = object({
  containerPort: port,
  name: optional(portName),
  protocol: withDefault(oneOf("TCP", "UDP", "SCTP"), "TCP"),
  hostPort: optional(port),
  hostIP: optional(address),
} satisfies RulesOf<ContainerPort>);

const fields = {
  name: dnsLabel,
  image: imageReference,
  command: list(text),
  args: list(text),
  workingDir: optional(text),
  ports: list(containerPort),
  env: list(envVar),
  envFrom: list(envFrom),
  resources,
  volumeMounts: list(volumeMount),
  livenessProbe: optional(killingProbe),
  readinessProbe: optional(readinessProbe),
  startupProbe: optional(killingProbe),
  lifecycle: optional(lifecycle),
  imagePullPolicy: optional(pullPolicy),
  securityContext: optional(securityContext),
  terminationMessagePath: withDefault(absolutePath, "/dev/termination-log"),
  terminationMessagePolicy: withDefault(oneOf("File", "FallbackToLogsOnError"), "File"),
  stdin: withDefault(flag, false),
  stdinOnce: withDefault(flag, false),
  tty: withDefault(flag, false),
} satisfies RulesOf<Omit<ContainerManifest, "restartPolicy">>;

export const container = object(fields, {
  restartPolicy: "is for init containers only, where Always makes a sidecar",
});

export const initContainer = checked(
  object({ ...fields, restartPolicy: optional(oneOf("Always")) }),
  ({ restartPolicy, ...other }) => {
    if (restartPolicy === "Always") return undefined;
    const never = (["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] as const).filter(
      (name) => other[name] !== undefined,
    );
    return never.length === 0
      ? undefined
      : `may not have ${never.join(" and ")}, as it is no sidecar: give it restartPolicy Always`;
  },
);

export type ReadContainer = Output<typeof container>;
export type ReadInitContainer = Output<typeof initContainer>;
export type ReadPort = Output<typeof containerPort>;
