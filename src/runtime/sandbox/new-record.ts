import { toJson } from "@bufbuild/protobuf";

import { NamespaceMode, type PodSandboxConfig, PodSandboxConfigSchema } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import { podUserNamespace } from "../spec/user-namespace.js";
import { newId } from "../state/ids.js";
import { sandboxName } from "../state/names.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { timestampNow } from "../state/time.js";
import { recordedPortMappings } from "./port-mappings.js";

/** The record of a pod that is about to be made. Throws naming the field that the request lacks. */
export function newSandboxRecord(
  deps: RuntimeDeps,
  config: PodSandboxConfig,
  handler: string,
): SandboxRecord {
  const given = required(config.metadata, "config.metadata");
  const metadata = {
    name: required(given.name, "config.metadata.name"),
    namespace: required(given.namespace, "config.metadata.namespace"),
    uid: required(given.uid, "config.metadata.uid"),
    attempt: given.attempt,
  };
  const id = newId();
  const namespaces = config.linux?.securityContext?.namespaceOptions;
  const hostNetwork = namespaces?.network === NamespaceMode.NODE;
  return {
    id,
    name: sandboxName(metadata),
    metadata,
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    handler,
    config: toJson(PodSandboxConfigSchema, config),
    cgroupParent: config.linux?.cgroupParent || deps.cgroupParent,
    logDirectory: config.logDirectory,
    // CRI lets only pods on the node's network go without a hostname; be kind to the others.
    hostname: hostNetwork ? deps.host.hostname : config.hostname || metadata.name.slice(0, 63),
    ...(!hostNetwork && { netns: deps.paths.sandbox(id).netns }),
    userns: podUserNamespace(namespaces),
    portMappings: hostNetwork ? [] : recordedPortMappings(config.portMappings),
    ips: [],
    hostIpc: namespaces?.ipc === NamespaceMode.NODE,
    createdAt: timestampNow(),
    step: "making",
  };
}
