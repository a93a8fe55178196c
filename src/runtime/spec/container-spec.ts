import type { ContainerConfig } from "../../proto.js";
import type { IdMappings, OciSpec, OciUser, SelinuxLabels } from "../oci.js";
import { type AppArmorProfiles, chooseAppArmor } from "./apparmor.js";
import { type MountSources, rootfsPropagation } from "./bind-mount.js";
import { containerCapabilities } from "./capabilities.js";
import { containerDevices, type HostDevices } from "./devices.js";
import type { SpecHost } from "./host.js";
import { invalid } from "./invalid.js";
import { kernelPaths } from "./kernel-paths.js";
import { containerMounts, type SandboxFiles, type Volume } from "./mounts.js";
import { checkNamespaceOptions, containerNamespaces } from "./namespaces.js";
import { type ImageDefaults, processArgs, processCwd, processEnv, processRlimits } from "./process.js";
import { checkResources, containerOomScoreAdj, ociResources } from "./resources.js";
import { ociVersion } from "./sandbox-spec.js";
import { chooseSeccomp, type SeccompProfiles } from "./seccomp-choice.js";
import { checkMapped, ociMappings } from "./user-namespace.js";

export interface ContainerSpecInput {
  config: ContainerConfig;
  image: ImageDefaults;
  user: OciUser;
  rootfs: string;
  sandbox: {
    /** The pause process. */
    pid: number;
    hostname: string;
    files: SandboxFiles;
    /** Whether the pod was made for privileged containers. */
    privileged: boolean;
    /** Of the pod's user namespace, if it has one. */
    ids: IdMappings | undefined;
  };
  /** The init process of the container that pid mode TARGET names; undefined when there is none that runs. */
  targetPid: number | undefined;
  /** What the host has at each of `devicePaths(config)`. */
  hostDevices: HostDevices;
  /** What the image declares as volumes. */
  volumes: readonly Volume[];
  /** What the host has at the `host_path` of each mount. */
  mountSources: MountSources;
  cgroupsPath: string;
  host: SpecHost;
  profiles: SeccompProfiles;
  /** Undefined on a host without AppArmor. */
  appArmor: AppArmorProfiles | undefined;
  /** Undefined where nothing is labelled. */
  selinux: SelinuxLabels | undefined;
}

/**
 * What the OCI runtime is to run for a CRI container. Everything read from the host or the image comes in
 * with the input. Throws `InvalidArgumentError` naming the field that cannot be carried out, and
 * `failed_precondition` for what only this host lacks.
 */
export function containerSpec(input: ContainerSpecInput): OciSpec {
  const { config, image, host, sandbox, selinux } = input;
  const security = config.linux?.securityContext;
  const privileged = security?.privileged ?? false;
  const readonlyRootfs = security?.readonlyRootfs ?? false;
  checkContainer(input);

  const capabilities = containerCapabilities(security, host);
  const granted = capabilities.bounding;
  const seccomp = chooseSeccomp(security, input.profiles, { capabilities: granted, host });
  const apparmorProfile = chooseAppArmor(security, input.appArmor);
  const propagation = rootfsPropagation(config.mounts);
  const {
    devices,
    rules,
    mounts: nodes,
  } = containerDevices(config, input.hostDevices, sandbox.ids !== undefined);
  return {
    ociVersion,
    process: {
      terminal: config.tty,
      user: input.user,
      args: processArgs(config, image),
      env: processEnv(config, image, sandbox.hostname),
      cwd: processCwd(config, image),
      capabilities,
      rlimits: processRlimits(host.maxOpenFiles),
      noNewPrivileges: security?.noNewPrivs ?? false,
      oomScoreAdj: containerOomScoreAdj(config.linux?.resources, host),
      ...(apparmorProfile !== undefined && { apparmorProfile }),
      ...(selinux && !privileged && { selinuxLabel: selinux.process }),
    },
    root: { path: input.rootfs, readonly: readonlyRootfs },
    mounts: [
      ...containerMounts({
        mounts: config.mounts,
        volumes: input.volumes,
        sources: input.mountSources,
        files: sandbox.files,
        privileged,
        readonlyRootfs,
        ids: sandbox.ids,
      }),
      ...nodes,
    ],
    linux: {
      namespaces: containerNamespaces({
        options: security?.namespaceOptions,
        sandboxPid: sandbox.pid,
        targetPid: input.targetPid,
        cgroupVersion: host.cgroupVersion,
        privileged,
        ownUsers: sandbox.ids !== undefined,
      }),
      ...ociMappings(sandbox.ids),
      devices,
      resources: { ...ociResources(config.linux?.resources, host), devices: rules },
      cgroupsPath: input.cgroupsPath,
      ...(propagation !== undefined && { rootfsPropagation: propagation }),
      ...kernelPaths(security),
      ...(seccomp && { seccomp }),
      ...(selinux && { mountLabel: selinux.file }),
    },
  };
}

/** Refuses, before anything is made, what can be seen to be wrong from the request alone. */
function checkContainer({ config, sandbox, user }: ContainerSpecInput): void {
  const security = config.linux?.securityContext;
  checkNamespaceOptions(security?.namespaceOptions, "container");
  checkMapped(user, sandbox.ids);
  checkResources(config.linux?.resources, "config.linux.resources");
  if (security?.privileged && !sandbox.privileged) {
    throw invalid(
      "config.linux.security_context.privileged",
      "is set, and the pod was not made privileged: set it in the sandbox's security context too",
    );
  }
}
