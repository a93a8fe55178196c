import { CriError } from "../../errors.js";
import type { SELinuxOption } from "../../proto.js";
import type { SpecHost } from "./host.js";

/**
 * This runtime gives nothing a label. Where the kernel has no SELinux there is none to give, and nobody who asks for
 * one can tell. Where it has, running without would be a silent loss. Privileged ones have none anyway.
 */
export function checkSelinux(
  security: { privileged: boolean; selinuxOptions?: SELinuxOption | undefined } | undefined,
  host: Pick<SpecHost, "selinux">,
): void {
  const { user = "", role = "", type = "", level = "" } = security?.selinuxOptions ?? {};
  if (!host.selinux || security?.privileged || user + role + type + level === "") return;
  throw new CriError(
    "failed_precondition",
    "config.linux.security_context.selinux_options asks for a label, which this runtime does not give: leave it out to run as the daemon's own processes do",
  );
}
