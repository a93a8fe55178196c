import { CriError } from "../../errors.js";
import { type SecurityProfile, SecurityProfile_ProfileType } from "../../proto.js";
import { requestedProfile } from "./security-profile.js";

/** The parts of a security context, a sandbox's or a container's, that AppArmor depends on. */
export interface AppArmorContext {
  privileged: boolean;
  apparmor?: SecurityProfile | undefined;
  /** Containers only. */
  apparmorProfile?: string;
}

/** The AppArmor profiles of a host that has it. */
export interface AppArmorProfiles {
  /** The names of those that the kernel has loaded. */
  loaded: readonly string[];
  /** The one behind RuntimeDefault; undefined where it cannot be loaded. */
  runtimeDefault: string | undefined;
}

const field = "config.linux.security_context.apparmor";
const { RuntimeDefault, Localhost } = SecurityProfile_ProfileType;

/**
 * The AppArmor profile of a process; undefined for none. `host` is undefined on a host without AppArmor, where
 * only a profile asked for by name is an error.
 */
export function chooseAppArmor(
  security: AppArmorContext | undefined,
  host: AppArmorProfiles | undefined,
): string | undefined {
  if (wantsDefaultProfile(security)) return host?.runtimeDefault;
  const asked = requested(security);
  if (asked?.profileType !== Localhost) return undefined;
  const name = asked.localhostRef.replace(/^localhost\//, "");
  if (host?.loaded.includes(name)) return name;
  const why = host
    ? "which is not loaded on this host: load it with apparmor_parser"
    : "and this host has no AppArmor";
  throw new CriError("failed_precondition", `${field} names profile "${name}", ${why}`);
}

/** Whether RuntimeDefault is meant, as by who says nothing and is not privileged. */
export function wantsDefaultProfile(security: AppArmorContext | undefined): boolean {
  const type = requested(security)?.profileType ?? RuntimeDefault;
  return type === RuntimeDefault && !security?.privileged;
}

function requested(security: AppArmorContext | undefined) {
  return requestedProfile(security?.apparmor, security?.apparmorProfile ?? "", field);
}
