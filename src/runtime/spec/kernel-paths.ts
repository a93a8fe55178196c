import { type LinuxContainerSecurityContext, NamespaceMode } from "../../proto.js";

/** Paths of /proc and /sys that tell or change too much: hidden from containers. */
export const defaultMaskedPaths: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

/** Paths of /proc that a container may read and not write. */
export const defaultReadonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/**
 * What is hidden and made read-only for a container: the request's lists, ours where it has none, nothing
 * when it is privileged. In a pod with a user namespace empty lists are meant: there kubelet sends them for
 * `procMount: Unmasked`, and its full lists otherwise.
 */
export function kernelPaths(security: LinuxContainerSecurityContext | undefined): {
  maskedPaths: string[];
  readonlyPaths: string[];
} {
  if (security?.privileged) return { maskedPaths: [], readonlyPaths: [] };
  const ownUsers = security?.namespaceOptions?.usernsOptions?.mode === NamespaceMode.POD;
  if (ownUsers) return { maskedPaths: [...security.maskedPaths], readonlyPaths: [...security.readonlyPaths] };
  const masked = security?.maskedPaths.length ? security.maskedPaths : defaultMaskedPaths;
  const readonly = security?.readonlyPaths.length ? security.readonlyPaths : defaultReadonlyPaths;
  return { maskedPaths: [...masked], readonlyPaths: [...readonly] };
}
