import { readFile } from "node:fs/promises";
import { arch, hostname, release } from "node:os";

import { capabilitiesOf } from "../../capability-names.js";
import { canLimitHugepages, canLimitSwap } from "./limits.js";

/** What this host and this process can do, read once at start. */
export interface HostFacts {
  hostname: string;
  /** As image indexes and seccomp profiles spell it: `amd64`, `arm64`. */
  architecture: string;
  /** What containers may be given at most: this process's own bounding set. */
  capabilities: string[];
  /** This process's own value: without CAP_SYS_RESOURCE nothing can be lowered below it. */
  oomScoreAdj: number;
  /** The hard limit of open files that can be given: without CAP_SYS_RESOURCE this process's own. */
  maxOpenFiles: number;
  /** The kernel has it, and tells this process of its profiles. */
  appArmor: boolean;
  selinux: boolean;
  seccomp: boolean;
  /** Whether namespaces of users can be made. */
  userNamespaces: boolean;
  /** Whether mounts can be made read-only as a tree, or given IDs of their own: Linux 5.12. */
  mountAttributes: boolean;
  /** Whether the kernel can limit swap. */
  swapLimits: boolean;
  /** Whether the kernel can limit huge pages. */
  hugepageLimits: boolean;
}

/** The kernel's list of AppArmor profiles. */
export const appArmorProfiles = "/sys/kernel/security/apparmor/profiles";

const architectures: Record<string, string> = { x64: "amd64", ppc64: "ppc64le" };

export async function readHostFacts(): Promise<HostFacts> {
  const [
    status,
    limits,
    oomScoreAdj,
    maxOpenFiles,
    appArmor,
    selinux,
    swapLimits,
    hugepageLimits,
    maxUserns,
  ] = await Promise.all([
    readFile("/proc/self/status", "utf8"),
    readFile("/proc/self/limits", "utf8"),
    readFile("/proc/self/oom_score_adj", "utf8"),
    readFile("/proc/sys/fs/nr_open", "utf8"),
    hasAppArmor(),
    readFile("/sys/fs/selinux/enforce", "utf8").catch(() => undefined),
    canLimitSwap(),
    canLimitHugepages(),
    readFile("/proc/sys/user/max_user_namespaces", "utf8").catch(() => "0"),
  ]);
  const openFiles = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return {
    hostname: hostname(),
    architecture: architectures[arch()] ?? arch(),
    capabilities: capabilitiesOf(/^CapBnd:\s*(\w+)/m.exec(status)?.[1] ?? "0"),
    oomScoreAdj: Number(oomScoreAdj),
    maxOpenFiles: Math.min(openFiles, Number(maxOpenFiles)),
    appArmor,
    selinux: selinux !== undefined,
    seccomp: /^Seccomp:/m.test(status),
    userNamespaces: Number(maxUserns) > 0,
    mountAttributes: isKernel(5, 12),
    swapLimits,
    hugepageLimits,
  };
}

/** In a container the kernel can have it, and keep its profiles to the host. */
async function hasAppArmor(): Promise<boolean> {
  const [enabled, profiles] = await Promise.all(
    ["/sys/module/apparmor/parameters/enabled", appArmorProfiles].map((path) =>
      readFile(path, "utf8").catch(() => undefined),
    ),
  );
  return enabled?.trim() === "Y" && profiles !== undefined;
}

/** Whether the kernel is of this version at least. */
function isKernel(major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = release().split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
