import { CriError } from "../../errors.js";
import { type SecurityProfile, SecurityProfile_ProfileType } from "../../proto.js";
import type { OciSeccomp } from "../oci.js";
import type { SpecHost } from "./host.js";
import { invalid } from "./invalid.js";
import { filterSeccomp, type SeccompProfile } from "./seccomp.js";
import { requestedProfile } from "./security-profile.js";

/** The parts of a security context, a sandbox's or a container's, that seccomp depends on. */
interface SeccompContext {
  privileged: boolean;
  seccomp?: SecurityProfile | undefined;
  seccompProfilePath: string;
}

/** Seccomp profiles by what a request can name. */
export interface SeccompProfiles {
  /** The profile behind RuntimeDefault; undefined where the host has none. */
  runtimeDefault: SeccompProfile | undefined;
  /** The content of the file that the request names as Localhost; undefined when there is no such file. */
  localhost: SeccompProfile | undefined;
}

const field = "config.linux.security_context.seccomp";
const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;

/** The file that must be read for a profile of type Localhost; undefined for the other types. */
export function seccompFile(security: SeccompContext | undefined): string | undefined {
  const asked = security && requestedProfile(security.seccomp, security.seccompProfilePath, field);
  if (asked?.profileType !== Localhost || security?.privileged) return undefined;
  if (asked.localhostRef.startsWith("/")) return asked.localhostRef;
  throw invalid(`${field}.localhost_ref`, `is "${asked.localhostRef}", and must be an absolute path`);
}

/**
 * The seccomp filter of a process; undefined for none, which is what privileged and an unset profile mean.
 * A filter that was asked for and cannot be had is an error: running without it would be a silent loss.
 */
export function chooseSeccomp(
  security: SeccompContext | undefined,
  profiles: SeccompProfiles,
  {
    capabilities,
    host,
  }: { capabilities: readonly string[]; host: Pick<SpecHost, "architecture" | "seccomp"> },
): OciSeccomp | undefined {
  const asked = security && requestedProfile(security.seccomp, security.seccompProfilePath, field);
  if (!asked || asked.profileType === Unconfined || security.privileged) return undefined;
  if (!host.seccomp) {
    throw new CriError("failed_precondition", `${field} asks for a filter, and this kernel has no seccomp`);
  }
  const profile = asked.profileType === Localhost ? profiles.localhost : profiles.runtimeDefault;
  if (profile) return filterSeccomp({ profile, architecture: host.architecture, capabilities });
  if (asked.profileType === RuntimeDefault) {
    throw new CriError(
      "failed_precondition",
      `${field} is RuntimeDefault, and this host has no default profile: install golang-github-containers-common`,
    );
  }
  throw invalid(`${field}.localhost_ref`, `names ${asked.localhostRef}, which does not exist on this host`);
}
