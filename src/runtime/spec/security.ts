import { InvalidArgumentError } from "../../errors.js";
import { type SecurityProfile, SecurityProfile_ProfileType } from "../../proto.js";
import type { OciSeccomp } from "../oci.js";
import { filterSeccomp, type SeccompProfile } from "./seccomp.js";

/** Paths of /proc and /sys that tell or change too much, hidden or made read-only unless privileged. */
export const defaultMaskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

export const defaultReadonlyPaths = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Seccomp profiles by what a request can name. */
export interface SeccompProfiles {
  /** The profile behind RuntimeDefault; undefined where the host has none. */
  runtimeDefault: SeccompProfile | undefined;
  /** The content of the file that the request names as Localhost. */
  localhost: SeccompProfile | undefined;
}

export interface SeccompChoice {
  profile: SecurityProfile | undefined;
  privileged: boolean;
  profiles: SeccompProfiles;
  architecture: string;
  capabilities: readonly string[];
}

/** The seccomp filter of a process; undefined for none, which is what privileged and an unset profile mean. */
export function chooseSeccomp(choice: SeccompChoice): OciSeccomp | undefined {
  const { profile, privileged, profiles, architecture, capabilities } = choice;
  if (privileged || !profile || profile.profileType === SecurityProfile_ProfileType.Unconfined)
    return undefined;
  const asked =
    profile.profileType === SecurityProfile_ProfileType.Localhost
      ? profiles.localhost
      : profiles.runtimeDefault;
  return asked && filterSeccomp({ profile: asked, architecture, capabilities });
}

/**
 * The AppArmor profile of a process. A host without AppArmor passes over RuntimeDefault, and cannot honour a
 * profile asked for by name.
 */
export function chooseAppArmor(
  profile: SecurityProfile | undefined,
  hostHasAppArmor: boolean,
): string | undefined {
  if (profile?.profileType !== SecurityProfile_ProfileType.Localhost) return undefined;
  if (hostHasAppArmor) return profile.localhostRef.replace(/^localhost\//, "");
  const field = "config.linux.security_context.apparmor";
  throw new InvalidArgumentError(
    `${field} names profile "${profile.localhostRef}", and this host has no AppArmor`,
    {
      field,
    },
  );
}
