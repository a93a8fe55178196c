/** What the host can do, as far as a spec depends on it. */
export interface SpecHost {
  /** As image indexes spell it: `amd64`. */
  architecture: string;
  /** What the daemon itself holds: nobody can be given more. */
  capabilities: readonly string[];
  /** The daemon's own value. */
  oomScoreAdj: number;
  /** The highest hard limit of open files that can be given. */
  maxOpenFiles: number;
  seccomp: boolean;
  /** Whether the kernel can limit swap. */
  swapLimits: boolean;
  /** Whether the kernel can limit huge pages. */
  hugepageLimits: boolean;
  cgroupVersion: 1 | 2;
}
