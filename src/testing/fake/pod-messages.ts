import { create } from "@bufbuild/protobuf";

import { goJson } from "../../messages/go-json.js";
import {
  NamespaceMode,
  type PodSandbox,
  PodSandboxConfigSchema,
  PodSandboxSchema,
  PodSandboxState,
  type PodSandboxStatus,
  PodSandboxStatusSchema,
} from "../../proto.js";
import type { FakePod } from "./state.js";

export function podState({ isReady }: FakePod): PodSandboxState {
  return isReady ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
}

function common(pod: FakePod) {
  const { metadata, labels, annotations } = pod.config;
  return {
    id: pod.id,
    state: podState(pod),
    createdAt: pod.createdAt,
    labels,
    annotations,
    runtimeHandler: pod.handler,
    ...(metadata && { metadata }),
  };
}

export function listedPod(pod: FakePod): PodSandbox {
  return create(PodSandboxSchema, common(pod));
}

export function podStatus(pod: FakePod): PodSandboxStatus {
  const options = pod.config.linux?.securityContext?.namespaceOptions;
  const isOnNode = options?.network === NamespaceMode.NODE;
  return create(PodSandboxStatusSchema, {
    ...common(pod),
    network: { ip: isOnNode || !pod.isReady ? "" : pod.ip },
    linux: { namespaces: options ? { options } : {} },
  });
}

/** What a verbose status has besides. */
export function podInfo({ config }: FakePod): Record<string, string> {
  return { info: JSON.stringify({ config: goJson(PodSandboxConfigSchema, config) }) };
}
