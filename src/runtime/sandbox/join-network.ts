import type { PodSandboxConfig } from "../../proto.js";
import type { Attachment } from "../adapters/cni/attachment.js";
import type { RuntimeDeps, UseCaseOptions } from "../deps.js";
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

/** Makes the pod's network namespace and joins it to the network. Gives the addresses, the primary one first. */
export async function joinNetwork(
  { netns, cni, paths }: Pick<RuntimeDeps, "netns" | "cni" | "paths">,
  { id, userns }: SandboxRecord,
  attachment: Attachment,
  options: UseCaseOptions,
): Promise<string[]> {
  await netns.create(attachment.netns, userns && { path: paths.sandbox(id).userns, ids: userns });
  return (await cni.add(attachment, options)).ips;
}
