import { create, fromJson } from "@bufbuild/protobuf";

import { NotFoundError } from "../../errors.js";
import {
  PodSandboxConfigSchema,
  type PodSandboxStatus,
  type PodSandboxStatusRequest,
  type PodSandboxStatusResponse,
  PodSandboxStatusResponseSchema,
  PodSandboxStatusSchema,
} from "../../proto.js";
import { listContainerRecords } from "../container/list.js";
import { describeContainer } from "../container/status.js";
import type { RuntimeDeps } from "../deps.js";
import { required } from "../required.js";
import { requireById } from "../state/ids.js";
import { isListed, type SandboxRecord } from "../state/sandbox-record.js";
import { timestampNow } from "../state/time.js";
import { sandboxState } from "./list.js";
import { verboseInfo } from "./verbose-info.js";

export async function podSandboxStatus(
  deps: RuntimeDeps,
  request: PodSandboxStatusRequest,
): Promise<PodSandboxStatusResponse> {
  const asked = required(request.podSandboxId, "pod_sandbox_id");
  const record = requireById(deps.sandboxes, asked, "sandbox");
  if (!isListed(record)) throw new NotFoundError(`Sandbox ${asked} is still being made`);
  return create(PodSandboxStatusResponseSchema, {
    status: describeSandbox(record),
    containersStatuses: listContainerRecords(deps, { podSandboxId: record.id }).map(describeContainer),
    timestamp: BigInt(timestampNow()),
    ...(request.verbose && { info: await verboseInfo(deps, record) }),
  });
}

export function describeSandbox(record: SandboxRecord): PodSandboxStatus {
  const config = fromJson(PodSandboxConfigSchema, record.config);
  const [ip, ...additional] = record.ips;
  const options = config.linux?.securityContext?.namespaceOptions;
  return create(PodSandboxStatusSchema, {
    id: record.id,
    metadata: record.metadata,
    state: sandboxState(record),
    createdAt: BigInt(record.createdAt),
    network: { ip: ip ?? "", additionalIps: additional.map((address) => ({ ip: address })) },
    linux: { namespaces: { ...(options && { options }) } },
    labels: record.labels,
    annotations: record.annotations,
    runtimeHandler: record.handler,
  });
}
