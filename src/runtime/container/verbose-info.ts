import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";

import { hideValue } from "../../messages/hide.js";
import { ContainerConfigSchema, KeyValueSchema } from "../../proto.js";
import type { RuntimeDeps } from "../deps.js";
import { requireHandler } from "../lifecycle/oci-container.js";
import type { OciSpec } from "../oci.js";
import { withLimits } from "../spec/resources.js";
import { specHost } from "../spec-inputs.js";
import type { ContainerRecord } from "../state/container-record.js";
import { containerResources } from "./resources.js";

/**
 * What a verbose status has besides, under the names that containerd has for it. Values of the environment are left
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
    runtimeSpec: await shownSpec(deps, record),
  };
  return { info: JSON.stringify(info) };
}

function shownConfig(record: ContainerRecord): JsonValue {
  const config = fromJson(ContainerConfigSchema, record.config);
  const envs = config.envs.map(({ key }) => create(KeyValueSchema, { key }));
  return toJson(ContainerConfigSchema, { ...config, envs });
}

/** With the limits of now. Undefined when there is no bundle, as after a reboot. */
async function shownSpec(deps: RuntimeDeps, record: ContainerRecord): Promise<OciSpec | undefined> {
  const { runc } = requireHandler(deps, deps.sandboxes.get(record.sandboxId)?.handler ?? "");
  const bundle = deps.paths.container(record.id).directory;
  const spec = await runc.readBundle(bundle).catch(() => undefined);
  if (!spec) return undefined;
  const { process } = spec;
  const shown = { ...spec, process: { ...process, env: process.env.map(hideValue) } };
  return withLimits(shown, containerResources(record), specHost(deps));
}
