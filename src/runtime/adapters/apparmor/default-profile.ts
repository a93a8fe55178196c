export const defaultProfileName = "crikit-default";

/** Processes on the host that end containers: without AppArmor, or under the profiles that distributions give them. */
const enders = ["unconfined", "runc", "crun"];

/**
 * What RuntimeDefault means: everything but mounting, and writing where the kernel keeps its own settings. Most of
 * that is read-only or hidden for containers anyway; the profile holds where a container can undo a mount.
 */
export function defaultProfile({ abi }: { abi: string | undefined }): string {
  const signals = enders.map((peer) => `  signal (receive) peer=${peer},`).join("\n");
  return `${abi === undefined ? "" : `abi <${abi}>,\n`}profile ${defaultProfileName} flags=(attach_disconnected, mediate_deleted) {
  file,
  network,
  unix,
  capability,
  umount,
  deny mount,

${signals}
  signal (send, receive) peer=${defaultProfileName},
  signal (send, receive) set=(exists),
  ptrace (trace, read) peer=${defaultProfileName},
  # Who enters a container's namespaces must be let read its processes; the other side is judged by its own profile.
  ptrace (tracedby, readby),

  deny /proc/* w,
  deny /proc/{kcore,sysrq-trigger} rwkl,
  deny /proc/{acpi,asound,bus,driver,fs,irq,scsi,tty}/** wkl,
  deny /proc/sys/{abi,debug,dev,fs/binfmt_misc,user,vm}/** wkl,
  # What is left of the kernel's are the limits of System V's messages, semaphores and shared memory.
  deny /proc/sys/kernel/{[^ms]**,m[^s]**,s[^eh]**} wkl,
  deny /sys/[^f]** wkl,
  # What is left is the control groups.
  deny /sys/fs/[^c]** wkl,
  deny /sys/{firmware,devices/virtual/powercap,kernel/security}/** rwkl,
}
`;
}
