import {
  type IDMapping,
  type Mount,
  NamespaceMode,
  type NamespaceOption,
  type UserNamespace,
} from "../../proto.js";
import type { IdMappings, OciIdMapping, OciLinux, OciMount, OciUser } from "../oci.js";
import { invalid } from "./invalid.js";

const context = "config.linux.security_context";
const field = `${context}.namespace_options`;
/** The kernel keeps the highest number for "no ID". */
const idCount = 2 ** 32 - 1;

/**
 * The user namespace that a pod asks for; undefined when it is to have none. Throws `InvalidArgumentError` naming
 * the field that cannot be carried out.
 */
export function podUserNamespace(options: NamespaceOption | undefined): IdMappings | undefined {
  const asked = options?.usernsOptions && readUserNamespace(options.usernsOptions);
  if (!asked) return undefined;
  for (const kind of ["network", "ipc", "pid"] as const) {
    if (options[kind] !== NamespaceMode.NODE) continue;
    // Root of a user namespace has no say over what belongs to the node's.
    throw invalid(`${field}.${kind}`, "is NODE, which a pod with a user namespace cannot have: leave it out");
  }
  return asked;
}

/** Refuses a container whose options are not those of its pod: all of a pod is in one user namespace. */
export function checkContainerUserNamespace(
  options: NamespaceOption | undefined,
  pod: IdMappings | undefined,
): void {
  const asked = options?.usernsOptions && readUserNamespace(options.usernsOptions);
  if (!same(asked?.uids, pod?.uids) || !same(asked?.gids, pod?.gids)) {
    const mend = pod ? "give those of the pod" : "leave it out, or run a pod with it";
    throw invalid(`${field}.userns_options`, `differs from that of the pod: ${mend}`);
  }
}

/** Refuses a user or a group that the pod's user namespace does not have. */
export function checkMapped({ uid, gid, additionalGids = [] }: OciUser, pod: IdMappings | undefined): void {
  if (!pod) return;
  if (uid >= pod.uids.size) throw unmapped("run_as_user", uid, pod.uids);
  if (gid >= pod.gids.size) throw unmapped("run_as_group", gid, pod.gids);
  const group = additionalGids.find((group) => group >= pod.gids.size);
  if (group !== undefined) throw unmapped("supplemental_groups", group, pod.gids);
}

function unmapped(name: string, id: number, { size }: OciIdMapping) {
  return invalid(`${context}.${name}`, `is ${id}, and the pod's user namespace has IDs below ${size} only`);
}

function readUserNamespace({ mode, uids, gids }: UserNamespace): IdMappings | undefined {
  const at = `${field}.userns_options`;
  if (mode === NamespaceMode.NODE) {
    if (uids.length + gids.length === 0) return undefined;
    throw invalid(`${at}.mode`, "is NODE, and there are mappings: leave them out, or set POD");
  }
  if (mode !== NamespaceMode.POD) {
    throw invalid(`${at}.mode`, `is ${NamespaceMode[mode] ?? mode}, and can only be POD or NODE`);
  }
  return { uids: oneRange(uids, `${at}.uids`), gids: oneRange(gids, `${at}.gids`) };
}

function oneRange(mappings: readonly IDMapping[], at: string): OciIdMapping {
  const [mapping] = mappings;
  if (!mapping || mappings.length > 1) {
    throw invalid(at, `has ${mappings.length} mappings, and must have exactly one`);
  }
  if (mapping.containerId !== 0) {
    throw invalid(
      `${at}[0].container_id`,
      `is ${mapping.containerId}, and must be 0: there is no root otherwise`,
    );
  }
  return ociMapping(mapping, `${at}[0]`);
}

/** A mapping in OCI's words. Throws `InvalidArgumentError` when it is empty or leads past the last ID. */
export function ociMapping({ containerId, hostId, length }: IDMapping, at: string): OciIdMapping {
  if (length === 0) throw invalid(`${at}.length`, "is 0, and must be 1 or more");
  if (Math.max(hostId, containerId) + length > idCount) {
    throw invalid(`${at}.length`, `is ${length}, which leads past the last ID, ${idCount - 1}`);
  }
  return { containerID: containerId, hostID: hostId, size: length };
}

/** Who the owners of a volume's files are in the container. Throws `InvalidArgumentError` naming the field. */
export function volumeMappings(
  { uidMappings, gidMappings }: Pick<Mount, "uidMappings" | "gidMappings">,
  at: string,
): Pick<OciMount, "uidMappings" | "gidMappings"> {
  if (uidMappings.length + gidMappings.length === 0) return {};
  const read = (mappings: readonly IDMapping[], name: string) => {
    if (mappings.length === 0)
      throw invalid(`${at}.${name}`, "is empty, and only both kinds of IDs can be mapped");
    return mappings.map((mapping, index) => ociMapping(mapping, `${at}.${name}[${index}]`));
  };
  return { uidMappings: read(uidMappings, "uidMappings"), gidMappings: read(gidMappings, "gidMappings") };
}

/** The mappings of a spec that joins a user namespace. */
export function ociMappings(ids: IdMappings | undefined): Pick<OciLinux, "uidMappings" | "gidMappings"> {
  return ids ? { uidMappings: [ids.uids], gidMappings: [ids.gids] } : {};
}

function same(a: OciIdMapping | undefined, b: OciIdMapping | undefined): boolean {
  return a?.containerID === b?.containerID && a?.hostID === b?.hostID && a?.size === b?.size;
}
