import { InvalidArgumentError } from "../../errors.js";
import type { Capability } from "../../proto.js";
import type { OciCapabilities } from "../oci.js";

/** What a container gets without asking: the set that Docker and containerd give. */
const defaultCapabilities = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

const field = "config.linux.security_context.capabilities";

export interface CapabilityInput {
  privileged: boolean;
  capabilities: Capability | undefined;
  /** What the daemon itself holds: nobody can be given more. */
  host: readonly string[];
}

/**
 * The capabilities of a container. A name may come with or without `CAP_`, in any case; `ALL` stands for
 * every one. What is both added and dropped is dropped, as other runtimes do it.
 */
export function containerCapabilities({ privileged, capabilities, host }: CapabilityInput): OciCapabilities {
  const added = names(capabilities?.addCapabilities ?? []);
  const dropped = names(capabilities?.dropCapabilities ?? []);
  const ambient = names(capabilities?.addAmbientCapabilities ?? []);
  const granted = new Set(privileged || added.has("ALL") ? host : defaultCapabilities);
  if (dropped.has("ALL")) granted.clear();
  for (const name of [...added, ...ambient]) granted.add(name);
  for (const name of dropped) granted.delete(name);
  const possible = host.filter((name) => granted.has(name));
  return {
    bounding: possible,
    effective: possible,
    permitted: possible,
    // The kernel takes an ambient capability only with the inheritable one.
    inheritable: possible.filter((name) => ambient.has(name)),
    ambient: possible.filter((name) => ambient.has(name)),
  };
}

function names(given: readonly string[]): Set<string> {
  return new Set(
    given.map((name) => {
      const upper = name.toUpperCase();
      if (!/^[A-Z_]+$/.test(upper)) {
        throw new InvalidArgumentError(`Capability "${name}" in ${field} is not a name like NET_ADMIN`, {
          field,
        });
      }
      return upper === "ALL" || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    }),
  );
}
