import { CriError } from "../../errors.js";
import { type SecurityProfile, SecurityProfile_ProfileType } from "../../proto.js";
import { requestedProfile } from "./security-profile.js";

const field = "config.linux.security_context.apparmor";

/**
 * The AppArmor profile of a process. RuntimeDefault is passed over, as this runtime brings no profile of its
 * own; a profile asked for by name is an error on a host without AppArmor.
 */
export function chooseAppArmor(
  profile: SecurityProfile | undefined,
  deprecatedText: string,
  host: { appArmor: boolean },
): string | undefined {
  const asked = requestedProfile(profile, deprecatedText, field);
  if (asked?.profileType !== SecurityProfile_ProfileType.Localhost) return undefined;
  const name = asked.localhostRef.replace(/^localhost\//, "");
  if (host.appArmor) return name;
  throw new CriError(
    "failed_precondition",
    `${field} names profile "${name}", and this host has no AppArmor`,
  );
}
