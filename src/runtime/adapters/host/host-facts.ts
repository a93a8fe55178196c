import { readFile } from "node:fs/promises";
import { arch, hostname } from "node:os";

/** What this host and this process can do, read once at start. */
export interface HostFacts {
  hostname: string;
  /** As image indexes and seccomp profiles spell it: `amd64`, `arm64`. */
  architecture: string;
  /** What containers may be given at most: this process's own bounding set. */
  capabilities: string[];
  /** This process's own value: without CAP_SYS_RESOURCE nothing can be lowered below it. */
  oomScoreAdj: number;
  /** The hard limit of open files: without CAP_SYS_RESOURCE nothing can be raised above it. */
  maxOpenFiles: number;
  appArmor: boolean;
  selinux: boolean;
}

/** The names of the capabilities by their numbers, as the kernel counts them. */
const capabilityNames = [
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE",
  "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT",
  "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE",
  "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ",
  "PERFMON BPF CHECKPOINT_RESTORE",
]
  .join(" ")
  .split(" ")
  .map((name) => `CAP_${name}`);

const architectures: Record<string, string> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  riscv64: "riscv64",
};

export async function readHostFacts(): Promise<HostFacts> {
  const [status, limits, oomScoreAdj, appArmor, selinux] = await Promise.all([
    readFile("/proc/self/status", "utf8"),
    readFile("/proc/self/limits", "utf8"),
    readFile("/proc/self/oom_score_adj", "utf8"),
    readFile("/sys/module/apparmor/parameters/enabled", "utf8").catch(() => "N"),
    readFile("/sys/fs/selinux/enforce", "utf8").catch(() => undefined),
  ]);
  const bounding = BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(status)?.[1] ?? "0"}`);
  const openFiles = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return {
    hostname: hostname(),
    architecture: architectures[arch()] ?? arch(),
    capabilities: capabilityNames.filter((_, bit) => (bounding >> BigInt(bit)) & 1n),
    oomScoreAdj: Number(oomScoreAdj),
    maxOpenFiles: openFiles === undefined || openFiles === "unlimited" ? 1_048_576 : Number(openFiles),
    appArmor: appArmor.trim() === "Y",
    selinux: selinux !== undefined,
  };
}
