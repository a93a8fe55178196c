import type { PodSandboxConfig } from "../../proto.js";
import type { OciSpec } from "../oci.js";
import { sandboxMounts } from "./mounts.js";
import { checkUserNamespace, sandboxNamespaces } from "./namespaces.js";
import { processRlimits } from "./process.js";
import { clampOomScoreAdj } from "./resources.js";
import { chooseSeccomp, defaultMaskedPaths, defaultReadonlyPaths, type SeccompProfiles } from "./security.js";

/** What the host can do, as far as a spec depends on it. */
export interface SpecHost {
  architecture: string;
  capabilities: readonly string[];
  oomScoreAdj: number;
  maxOpenFiles: number;
  appArmor: boolean;
  cgroupVersion: 1 | 2;
}

export interface SandboxSpecInput {
  config: PodSandboxConfig;
  /** The directory with the pause program. */
  rootfs: string;
  /** The pod's network namespace; undefined when it uses the node's. */
  netns: string | undefined;
  hostname: string;
  cgroupsPath: string;
  host: SpecHost;
  profiles: SeccompProfiles;
}

export const ociVersion = "1.0.2";

/** The kernel is to spare what holds a pod's namespaces for as long as it can. */
const pauseOomScoreAdj = -998;
/** The user of the customary pause image: nobody in particular. */
const pauseUser = { uid: 65535, gid: 65535 };

/** The pause container: it holds the pod's namespaces and reaps its orphans. */
export function sandboxSpec(input: SandboxSpecInput): OciSpec {
  const { config, netns, host } = input;
  const security = config.linux?.securityContext;
  checkUserNamespace(security?.namespaceOptions, "config");
  const seccomp = chooseSeccomp({
    profile: security?.seccomp,
    privileged: security?.privileged ?? false,
    profiles: input.profiles,
    architecture: host.architecture,
    capabilities: [],
  });
  const sysctl = config.linux?.sysctls ?? {};
  return {
    ociVersion,
    ...(netns !== undefined && { hostname: input.hostname }),
    process: {
      user: pauseUser,
      args: ["/catatonit", "-P"],
      env: ["PATH=/"],
      cwd: "/",
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
      noNewPrivileges: true,
      rlimits: processRlimits(host.maxOpenFiles),
      oomScoreAdj: clampOomScoreAdj(pauseOomScoreAdj, host),
    },
    root: { path: input.rootfs, readonly: true },
    mounts: sandboxMounts(),
    linux: {
      namespaces: sandboxNamespaces(security?.namespaceOptions, netns),
      resources: { devices: [{ allow: false, access: "rwm" }] },
      cgroupsPath: input.cgroupsPath,
      maskedPaths: defaultMaskedPaths,
      readonlyPaths: defaultReadonlyPaths,
      ...(seccomp && { seccomp }),
      ...(Object.keys(sysctl).length > 0 && { sysctl: { ...sysctl } }),
    },
  };
}
