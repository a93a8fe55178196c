import type { LinuxContainerSecurityContext } from "../../proto.js";
import { capabilityNames } from "../capability-names.js";
import type { OciCapabilities } from "../oci.js";
import type { SpecHost } from "./host.js";
import { invalid } from "./invalid.js";

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

/** For a process that needs none. */
export function noCapabilities(): OciCapabilities {
  return { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] };
}

/**
 * The capabilities of a container, never more than the host has to give. A name may come with or without
 * `CAP_`, in any case; `ALL` stands for every one. What is both added and dropped by name is dropped, and what
 * is added by name survives dropping `ALL`, as other runtimes do it.
 */
export function containerCapabilities(
  security: LinuxContainerSecurityContext | undefined,
  host: Pick<SpecHost, "capabilities">,
): OciCapabilities {
  const asked = security?.capabilities;
  const added = names(asked?.addCapabilities ?? [], "add_capabilities");
  const dropped = names(asked?.dropCapabilities ?? [], "drop_capabilities");
  const ambient = names(asked?.addAmbientCapabilities ?? [], "add_ambient_capabilities");
  const all = security?.privileged || added.has("ALL") || ambient.has("ALL");
  const granted = new Set(dropped.has("ALL") ? [] : all ? host.capabilities : defaultCapabilities);
  for (const name of [...added, ...ambient]) granted.add(name);
  for (const name of dropped) granted.delete(name);
  const possible = host.capabilities.filter((name) => granted.has(name));
  // The kernel takes an ambient capability only with the inheritable one.
  const inherited = possible.filter((name) => ambient.has(name) || ambient.has("ALL"));
  return {
    bounding: possible,
    effective: possible,
    permitted: possible,
    inheritable: inherited,
    ambient: inherited,
  };
}

/** A name that nothing has is refused: dropped by it, a capability would stay. */
function names(given: readonly string[], list: string): Set<string> {
  return new Set(
    given.map((name, index) => {
      const upper = name.toUpperCase();
      const full = upper === "ALL" || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
      if (full === "ALL" || capabilityNames.includes(full)) return full;
      throw invalid(
        `${field}.${list}[${index}]`,
        `is "${name}", which is not a capability such as NET_ADMIN`,
      );
    }),
  );
}
