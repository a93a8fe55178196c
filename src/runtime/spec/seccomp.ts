import type { OciSeccomp, OciSyscallRule } from "../oci.js";

interface Condition {
  caps?: string[];
  arches?: string[];
}

interface ProfileRule extends OciSyscallRule {
  includes?: Condition;
  excludes?: Condition;
}

/** A profile as container engines ship it: the OCI document with conditions on its rules. */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  archMap?: { architecture: string; subArchitectures: string[] | null }[];
  syscalls?: ProfileRule[] | null;
}

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
  riscv64: "SCMP_ARCH_RISCV64",
};

/** The profile without the rules whose conditions do not hold, which OCI runtimes would apply to everyone. */
export function filterSeccomp({ profile, architecture, capabilities }: SeccompInput): OciSeccomp {
  const holds = ({ caps = [], arches = [] }: Condition) =>
    caps.every((cap) => capabilities.includes(cap)) && (arches.length === 0 || arches.includes(architecture));
  const excluded = ({ caps = [], arches = [] }: Condition) =>
    caps.some((cap) => capabilities.includes(cap)) || arches.includes(architecture);

  const syscalls = (profile.syscalls ?? [])
    .filter((rule) => holds(rule.includes ?? {}) && !excluded(rule.excludes ?? {}))
    .map(({ names, action, args, errnoRet }) => ({
      names,
      action,
      ...(errnoRet !== undefined && { errnoRet }),
      ...(args?.length && { args }),
    }));
  const own = profile.archMap?.find((entry) => entry.architecture === kernelNames[architecture]);
  const architectures = own ? [own.architecture, ...(own.subArchitectures ?? [])] : profile.architectures;
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures && { architectures }),
    syscalls,
  };
}
