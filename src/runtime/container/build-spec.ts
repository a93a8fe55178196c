import { fromJson } from "@bufbuild/protobuf";

import { type ContainerConfig, NamespaceMode, PodSandboxConfigSchema } from "../../proto.js";
import { relabel } from "../adapters/selinux/relabel.js";
import type { RuntimeDeps } from "../deps.js";
import { requireHandler } from "../lifecycle/oci-container.js";
import type { OciSpec, SelinuxLabels } from "../oci.js";
import { required } from "../required.js";
import { containerAnnotations } from "../spec/annotations.js";
import { containerSpec } from "../spec/container-spec.js";
import type { Volume } from "../spec/mounts.js";
import type { ResolvedUser } from "../spec/user.js";
import { appArmorProfiles, seccompProfiles, specHost } from "../spec-inputs.js";
import { containerState } from "../state/container-record.js";
import { findById } from "../state/ids.js";
import type { ImageRecord } from "../state/image-record.js";
import type { SandboxRecord } from "../state/sandbox-record.js";
import { askedImage } from "./asked-image.js";
import { addCdiDevices } from "./cdi-devices.js";
import { makeMountSources, readHostDevices, readMountSources } from "./host-paths.js";
import { checkMountFeatures } from "./mount-features.js";
import { pathsToRelabel } from "./selinux.js";

export interface BuildSpecInput {
  id: string;
  config: ContainerConfig;
  sandbox: SandboxRecord;
  image: ImageRecord;
  user: ResolvedUser;
  volumes: Volume[];
  selinux: SelinuxLabels | undefined;
}

/** Brings together what the host, the pod and the image have to say, for the OCI spec. */
export async function buildSpec(deps: RuntimeDeps, input: BuildSpecInput): Promise<OciSpec> {
  const { id, config, sandbox, image, user, volumes, selinux } = input;
  await checkMountFeatures(requireHandler(deps, sandbox.handler), config);
  const files = deps.paths.sandbox(sandbox.id);
  const { rootfs, imageVolume } = deps.paths.container(id);
  const sandboxConfig = fromJson(PodSandboxConfigSchema, sandbox.config);
  const mountSources = await readMountSources(config, imageVolume);
  const spec = containerSpec({
    config,
    image: image.config,
    user,
    rootfs,
    sandbox: {
      pid: required(sandbox.pause, "sandbox.pause").pid,
      hostname: sandbox.hostname,
      files: { ...files, shm: sandbox.hostIpc ? "/dev/shm" : files.shm },
      privileged: sandboxConfig.linux?.securityContext?.privileged ?? false,
      ids: sandbox.userns,
    },
    targetPid: targetPid(deps, config, sandbox),
    hostDevices: await readHostDevices(config),
    volumes,
    mountSources,
    cgroupsPath: deps.cgroups.containerPath(sandbox.cgroupParent, id),
    host: specHost(deps),
    profiles: await seccompProfiles(deps, config.linux?.securityContext),
    appArmor: await appArmorProfiles(deps, config.linux?.securityContext),
    selinux,
  });
  const container = { name: config.metadata?.name ?? "", image: askedImage(config) };
  const annotations = containerAnnotations(sandbox, container);
  const whole = await addCdiDevices(deps, config, { ...spec, annotations });
  const relabelled = selinux ? pathsToRelabel(config, mountSources) : [];
  // Last, as there is no way back.
  await makeMountSources(mountSources);
  if (selinux) await relabel(relabelled, selinux.file);
  return whole;
}

/** The init process of the container whose processes this one is to see; it must run in the same pod. */
function targetPid(deps: RuntimeDeps, config: ContainerConfig, sandbox: SandboxRecord): number | undefined {
  const options = config.linux?.securityContext?.namespaceOptions;
  if (options?.pid !== NamespaceMode.TARGET) return undefined;
  const target = findById(deps.containers, options.targetId, "container");
  const runs = target?.sandboxId === sandbox.id && containerState(target) === "running";
  return runs ? target.init?.pid : undefined;
}
