import { readSeccompFile } from "./adapters/host/seccomp-file.js";
import type { RuntimeDeps } from "./deps.js";
import { type AppArmorContext, type AppArmorProfiles, wantsDefaultProfile } from "./spec/apparmor.js";
import type { SpecHost } from "./spec/host.js";
import { type SeccompProfiles, seccompFile } from "./spec/seccomp-choice.js";

/** What the host can do, as the specs of sandboxes and containers want it. */
export function specHost({ host, cgroups }: Pick<RuntimeDeps, "host" | "cgroups">): SpecHost {
  return { ...host, cgroupVersion: cgroups.version };
}

/** The seccomp profiles that a request can mean, read from the host where it names a file. */
export async function seccompProfiles(
  { seccompDefault }: Pick<RuntimeDeps, "seccompDefault">,
  security: Parameters<typeof seccompFile>[0],
): Promise<SeccompProfiles> {
  return { runtimeDefault: seccompDefault, localhost: await readSeccompFile(seccompFile(security)) };
}

/** The AppArmor profiles that a request can mean; undefined on a host without AppArmor. */
export async function appArmorProfiles(
  { appArmor }: Pick<RuntimeDeps, "appArmor">,
  security: AppArmorContext | undefined,
): Promise<AppArmorProfiles | undefined> {
  if (!appArmor) return undefined;
  const runtimeDefault = wantsDefaultProfile(security) ? await appArmor.default() : undefined;
  return { loaded: await appArmor.loaded(), runtimeDefault };
}
