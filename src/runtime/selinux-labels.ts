import type { Selinux } from "./adapters/selinux/selinux.js";
import type { SelinuxLabels } from "./oci.js";
import { invalid } from "./spec/invalid.js";
import { selinuxField } from "./spec/selinux.js";

/** Throws `InvalidArgumentError` when the host's policy does not know a label that a request makes. */
export async function checkPolicy({ accepts }: Selinux, { process, file }: SelinuxLabels): Promise<void> {
  for (const label of [process, file]) {
    if (await accepts(label)) continue;
    throw invalid(selinuxField, `makes the label ${label}, which the policy of this host does not know`);
  }
}
