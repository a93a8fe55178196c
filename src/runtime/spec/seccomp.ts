import type { OciSeccomp, SeccompCondition, SeccompProfile } from "../oci.js";

export type { SeccompProfile } from "../oci.js";

export interface SeccompInput {
  profile: SeccompProfile;
  /** As image indexes spell it: `amd64`. */
  architecture: string;
  /** What the container is granted: rules can depend on it. */
  capabilities: readonly string[];
}

const kernelNames: Record<string, string> = {
  amd64: "SCMP_ARCH_X86_64",
  arm64: "SCMP_ARCH_AARCH64",
  arm: "SCMP_ARCH_ARM",
  ppc64le: "SCMP_ARCH_PPC64LE",
  riscv64: "SCMP_ARCH_RISCV64",
  s390x: "SCMP_ARCH_S390X",
};

/** The profile without the rules whose conditions do not hold, which OCI runtimes would apply to everyone. */
export function filterSeccomp({ profile, architecture, capabilities }: SeccompInput): OciSeccomp {
  const isGranted = (cap: string) => capabilities.includes(cap);
  const includes = ({ caps = [], arches = [] }: SeccompCondition) =>
    caps.every(isGranted) && (arches.length === 0 || arches.includes(architecture));
  const excludes = ({ caps = [], arches = [] }: SeccompCondition) =>
    caps.some(isGranted) || arches.includes(architecture);

  const syscalls = (profile.syscalls ?? [])
    .filter((rule) => includes(rule.includes ?? {}) && !excludes(rule.excludes ?? {}))
    .map(({ names, action, args, errnoRet }) => ({
      names,
      action,
      ...(typeof errnoRet === "number" && { errnoRet }),
      ...(args?.length && { args }),
    }));
  const own = profile.archMap?.find((entry) => entry.architecture === kernelNames[architecture]);
  const architectures = own ? [own.architecture, ...(own.subArchitectures ?? [])] : profile.architectures;
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures && { architectures }),
    ...(profile.flags?.length && { flags: profile.flags }),
    syscalls,
  };
}
