import type { LinuxSandboxSecurityContext, PodSandboxConfig } from "../../proto.js";
import type { IdMappings, OciIdMapping, OciSpec, OciUser, SelinuxLabels } from "../oci.js";
import { type AppArmorProfiles, chooseAppArmor } from "./apparmor.js";
import { noCapabilities } from "./capabilities.js";
import { noDevices } from "./devices.js";
import type { SpecHost } from "./host.js";
import { invalid } from "./invalid.js";
import { kernelPaths } from "./kernel-paths.js";
import { sandboxMounts } from "./mounts.js";
import { checkNamespaceOptions, sandboxNamespaces } from "./namespaces.js";
import { processRlimits } from "./process.js";
import { clampOomScoreAdj } from "./resources.js";
import { chooseSeccomp, type SeccompProfiles } from "./seccomp-choice.js";
import { podSysctls } from "./sysctls.js";
import { checkUserFields } from "./user-fields.js";
import { checkMapped, ociMappings } from "./user-namespace.js";

export interface SandboxSpecInput {
  config: PodSandboxConfig;
  /** A directory with the static program `catatonit` and the empty directories dev, proc and sys. */
  rootfs: string;
  /** The file that the pod's network namespace is pinned to; undefined when it uses the node's. */
  netns: string | undefined;
  /** The file that the pod's user namespace is pinned to, and its IDs; undefined when it has none. */
  userns: { path: string; ids: IdMappings } | undefined;
  /** Unused when the pod uses the node's network, and with it the node's name. */
  hostname: string;
  cgroupsPath: string;
  host: SpecHost;
  profiles: SeccompProfiles;
  /** Undefined on a host without AppArmor. */
  appArmor: AppArmorProfiles | undefined;
  /** Undefined where nothing is labelled. */
  selinux: SelinuxLabels | undefined;
}

export const ociVersion = "1.0.2";

/** The kernel is to spare what holds a pod's namespaces for as long as it can. */
const pauseOomScoreAdj = -998;
/** The user of the customary pause image: nobody in particular. */
const pauseUser = 65_535;
/** Linux takes no more, and no less than one. */
const hostnameLength = 64;

/**
 * The pause container: it holds the pod's namespaces and reaps its orphans. Throws `InvalidArgumentError`
 * naming the field that cannot be carried out, and `failed_precondition` for what only this host lacks.
 */
export function sandboxSpec(input: SandboxSpecInput): OciSpec {
  const { config, netns, userns, host, selinux } = input;
  const security = config.linux?.securityContext;
  const privileged = security?.privileged ?? false;
  const options = security?.namespaceOptions;
  checkNamespaceOptions(options, "sandbox");
  if (netns !== undefined) checkHostname(input.hostname);

  const seccomp = chooseSeccomp(security, input.profiles, { capabilities: [], host });
  // Nothing is filtered for it unless asked: it does nothing, and has nothing to do it with.
  const apparmorProfile = security?.apparmor && chooseAppArmor(security, input.appArmor);
  const sysctl = podSysctls(config.linux?.sysctls ?? {}, options);
  return {
    ociVersion,
    // Without an own UTS namespace this would rename the node.
    ...(netns !== undefined && { hostname: input.hostname }),
    process: {
      user: sandboxUser(security, userns?.ids),
      args: ["/catatonit", "-P"],
      env: ["PATH=/"],
      cwd: "/",
      capabilities: noCapabilities(),
      noNewPrivileges: true,
      rlimits: processRlimits(host.maxOpenFiles),
      oomScoreAdj: clampOomScoreAdj(pauseOomScoreAdj, host),
      ...(apparmorProfile !== undefined && { apparmorProfile }),
      ...(selinux && !privileged && { selinuxLabel: selinux.process }),
    },
    root: { path: input.rootfs, readonly: true },
    mounts: sandboxMounts({ privileged, ids: userns?.ids }),
    linux: {
      namespaces: sandboxNamespaces(options, { netns, userns: userns?.path }),
      ...ociMappings(userns?.ids),
      // The least share of the processor there is: it sleeps all its life.
      resources: { cpu: { shares: 2 }, devices: [...noDevices] },
      cgroupsPath: input.cgroupsPath,
      ...kernelPaths(undefined),
      ...(seccomp && { seccomp }),
      ...(selinux && { mountLabel: selinux.file }),
      ...(Object.keys(sysctl).length > 0 && { sysctl }),
    },
  };
}

function sandboxUser(
  security: LinuxSandboxSecurityContext | undefined,
  ids: IdMappings | undefined,
): OciUser {
  if (security) checkUserFields(security);
  const uid = Number(security?.runAsUser?.value ?? lastOf(ids?.uids));
  const gid = Number(security?.runAsGroup?.value ?? lastOf(ids?.gids));
  const additionalGids = security?.supplementalGroups.map((group) => Number(group)) ?? [];
  checkMapped({ uid, gid, additionalGids }, ids);
  return { uid, gid, ...(additionalGids.length > 0 && { additionalGids }) };
}

/** Nobody in particular, out of a range that may be short. */
function lastOf({ size }: Pick<OciIdMapping, "size"> = { size: pauseUser + 1 }): number {
  return Math.min(pauseUser, size - 1);
}

function checkHostname(hostname: string): void {
  if (hostname.length > 0 && hostname.length <= hostnameLength) return;
  throw invalid("config.hostname", `is "${hostname}", and must have 1 to ${hostnameLength} characters`);
}
