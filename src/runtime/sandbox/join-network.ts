import type { PodSandboxConfig } from "../../proto.js";
import type { Attachment } from "../adapters/cni/attachment.js";
import type { RuntimeDeps } from "../deps.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { bandwidthOf } from "./bandwidth.js";

/** What the network is to be told of a pod; undefined for one on the node's network. */
export function attachmentOf(record: SandboxRecord, config: PodSandboxConfig): Attachment | undefined {
  const { id, netns, metadata: pod, portMappings, annotations } = record;
  if (netns === undefined) return undefined;
  const { servers, searches, options } = config.dnsConfig ?? {};
  const dns = servers && searches && options && { servers, searches, options };
  return { id, netns, pod, portMappings, annotations, dns, bandwidth: bandwidthOf(annotations) };
}

/** Makes the pod's network namespace, and the user namespace that it belongs to if the pod has one. */
export function makeNetns(
  { netns, paths }: Pick<RuntimeDeps, "netns" | "paths">,
  { id, userns }: SandboxRecord,
  path: string,
): Promise<void> {
  return netns.create(path, userns && { path: paths.sandbox(id).userns, ids: userns });
}
