import { create, fromJson, type JsonObject } from "@bufbuild/protobuf";

import { goJson } from "../../messages/go-json.js";
import { ContainerConfigSchema, KeyValueSchema } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import type { OciSpec } from "../oci.js";
import { shownSpec } from "../shown-spec.js";
import { withLimits } from "../spec/resources.js";
import { specHost } from "../spec-inputs.js";
import type { ContainerRecord } from "../state/container-record.js";
import { containerResources } from "./resources.js";

/**
 * What a verbose status has besides, under the names, and in the shape, that containerd has for it. Values of the environment are left
 * out: they are often secrets, and answers are shown.
 */
export async function verboseInfo(
  deps: RuntimeDeps,
  record: ContainerRecord,
): Promise<Record<string, string>> {
  const { id, sandboxId, init, step } = record;
  const { directory, rootfs, upper } = deps.paths.container(id);
  const info = {
    sandboxID: sandboxId,
    pid: init?.pid ?? 0,
    bundle: directory,
    rootfs,
    upper,
    step,
    config: shownConfig(record),
    runtimeSpec: await specOf(deps, record),
  };
  return { info: JSON.stringify(info) };
}

function shownConfig(record: ContainerRecord): JsonObject {
  const config = fromJson(ContainerConfigSchema, record.config);
  const envs = config.envs.map(({ key }) => create(KeyValueSchema, { key }));
  return goJson(ContainerConfigSchema, { ...config, envs });
}

/** With the limits of now. */
async function specOf(deps: RuntimeDeps, record: ContainerRecord): Promise<OciSpec | undefined> {
  const handler = deps.sandboxes.get(record.sandboxId)?.handler ?? "";
  const spec = await shownSpec(deps, handler, deps.paths.container(record.id).directory);
  return spec && withLimits(spec, containerResources(record), specHost(deps));
}
