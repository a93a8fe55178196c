import { createHash } from "node:crypto";
import { join } from "node:path";

/** What tells one runtime's things from those of others that run at the same time. */
export interface Traces {
  readonly directory: string;
  readonly network: { readonly bridge: string; readonly subnet: string };
  /** IDs of pods and containers, which cgroups bear in their names. */
  readonly ids?: readonly string[] | undefined;
}

/** The control group of a runtime's pods, which it names for its state directory. */
export function cgroupParent(directory: string): string {
  return `crikit-${createHash("sha256").update(join(directory, "state")).digest("hex").slice(0, 8)}`;
}
