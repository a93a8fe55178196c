import { fromJson } from "@bufbuild/protobuf";

import { goJson } from "../../messages/go-json.js";
import { PodSandboxConfigSchema } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { shownSpec } from "../shown-spec.js";
import type { SandboxRecord } from "../state/sandbox-record.js";

/** What a verbose status has besides, under the names, and in the shape, that containerd has for it. */
export async function verboseInfo(deps: RuntimeDeps, record: SandboxRecord): Promise<Record<string, string>> {
  const { pause, netns, cgroupParent, step, handler } = record;
  const { directory } = deps.paths.sandbox(record.id);
  const info = {
    pid: pause?.pid ?? 0,
    netns,
    bundle: directory,
    cgroupParent,
    step,
    runtimeHandler: handler,
    config: goJson(PodSandboxConfigSchema, fromJson(PodSandboxConfigSchema, record.config)),
    runtimeSpec: await shownSpec(deps, handler, directory),
  };
  return { info: JSON.stringify(info) };
}
