import type { ContainerConfig } from "../../proto.js";
import type { OciDevice, OciDeviceRule, OciSpec, OciUser } from "../oci.js";
import { containerCapabilities } from "./capabilities.js";
import { containerMounts, rootfsPropagation, type SandboxFiles } from "./mounts.js";
import { checkUserNamespace, containerNamespaces } from "./namespaces.js";
import { type ImageDefaults, processArgs, processCwd, processEnv, processRlimits } from "./process.js";
import { clampOomScoreAdj, ociResources } from "./resources.js";
import { ociVersion, type SpecHost } from "./sandbox-spec.js";
import {
  chooseAppArmor,
  chooseSeccomp,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  type SeccompProfiles,
} from "./security.js";

export interface ContainerSpecInput {
  config: ContainerConfig;
  image: ImageDefaults;
  user: OciUser;
  rootfs: string;
  sandbox: { pid: number; hostname: string; files: SandboxFiles };
  /** The init process of the container whose processes this one joins, for pid mode TARGET. */
  targetPid: number | undefined;
  /** The devices asked for, or with `privileged` all of the host's. */
  devices: { device: OciDevice; access: string }[];
  cgroupsPath: string;
  host: SpecHost;
  profiles: SeccompProfiles;
}

const denyDevices: OciDeviceRule = { allow: false, access: "rwm" };
const allowDevices: OciDeviceRule = { allow: true, access: "rwm" };

/**
 * What the OCI runtime is to run for a CRI container. Everything read from the host or the image comes in
 * with the input. Throws `InvalidArgumentError` naming the field that cannot be carried out.
 */
export function containerSpec(input: ContainerSpecInput): OciSpec {
  const { config, image, host, devices } = input;
  const security = config.linux?.securityContext;
  const privileged = security?.privileged ?? false;
  const readonlyRootfs = security?.readonlyRootfs ?? false;
  checkUserNamespace(security?.namespaceOptions, "config");

  const capabilities = containerCapabilities({
    privileged,
    capabilities: security?.capabilities,
    host: host.capabilities,
  });
  const seccomp = chooseSeccomp({
    profile: security?.seccomp,
    privileged,
    profiles: input.profiles,
    architecture: host.architecture,
    capabilities: capabilities.bounding,
  });
  const apparmorProfile = chooseAppArmor(security?.apparmor, host.appArmor);
  const propagation = rootfsPropagation(config.mounts);
  const masked = security?.maskedPaths.length ? security.maskedPaths : defaultMaskedPaths;
  const readonly = security?.readonlyPaths.length ? security.readonlyPaths : defaultReadonlyPaths;
  return {
    ociVersion,
    process: {
      terminal: config.tty,
      user: input.user,
      args: processArgs(config, image),
      env: processEnv(config, image, input.sandbox.hostname),
      cwd: processCwd(config, image),
      capabilities,
      rlimits: processRlimits(host.maxOpenFiles),
      noNewPrivileges: security?.noNewPrivs ?? false,
      oomScoreAdj: clampOomScoreAdj(Number(config.linux?.resources?.oomScoreAdj ?? 0n), host),
      ...(apparmorProfile !== undefined && { apparmorProfile }),
    },
    root: { path: input.rootfs, readonly: readonlyRootfs },
    mounts: containerMounts({
      mounts: config.mounts,
      files: input.sandbox.files,
      privileged,
      readonlyRootfs,
    }),
    linux: {
      namespaces: containerNamespaces({
        options: security?.namespaceOptions,
        sandboxPid: input.sandbox.pid,
        targetPid: input.targetPid,
        cgroupVersion: host.cgroupVersion,
        privileged,
      }),
      devices: devices.map(({ device }) => device),
      resources: {
        ...ociResources(config.linux?.resources, host.cgroupVersion),
        devices: privileged ? [allowDevices] : [denyDevices, ...devices.map(deviceRule)],
      },
      cgroupsPath: input.cgroupsPath,
      ...(propagation !== undefined && { rootfsPropagation: propagation }),
      ...(!privileged && { maskedPaths: [...masked], readonlyPaths: [...readonly] }),
      ...(seccomp && { seccomp }),
    },
  };
}

function deviceRule({ device, access }: { device: OciDevice; access: string }): OciDeviceRule {
  return { allow: true, type: device.type === "b" ? "b" : "c", major: device.major, minor: device.minor, access };
}
