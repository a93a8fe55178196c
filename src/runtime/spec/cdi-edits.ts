import { posix } from "node:path";

import { CriError } from "../../errors.js";
import type { CdiDeviceNode, CdiEdits, CdiHook, CdiIntelRdt, CdiMount } from "../cdi.js";
import type { OciDevice, OciDeviceRule, OciIntelRdt, OciMount, OciProcess, OciSpec } from "../oci.js";
import { parentsFirst } from "./mounts.js";

/** Edits with the file that they are of, for errors. */
export interface CdiSource {
  path: string;
  edits: CdiEdits;
}

/** What the host has at the paths of device nodes. Without an entry: nothing that is a node. */
export type HostNodes = ReadonlyMap<string, OciDevice>;

/** The paths of the host that must be looked up for `editSpec`. */
export function nodePaths({ deviceNodes = [] }: CdiEdits): string[] {
  return deviceNodes.map(({ path, hostPath = path }) => hostPath);
}

/** The spec with the edits made. Throws `failed_precondition` for what this host or runtime does not have. */
export function editSpec(spec: OciSpec, { path, edits }: CdiSource, host: HostNodes): OciSpec {
  const { deviceNodes = [], hooks = [], mounts = [], intelRdt, netDevices = [] } = edits;
  if (netDevices.length > 0) throw refusal(path, "netDevices, which this runtime does not serve");
  const { process, linux } = spec;
  const devices = deviceNodes.map((node) => deviceOf(node, host, { path, process }));
  const byPath = new Map([...(linux.devices ?? []), ...devices].map((device) => [device.path, device]));
  const rules = deviceNodes.flatMap((node, index) => rule(node, devices[index]));
  const ownUsers = linux.namespaces.some(({ type }) => type === "user");
  const moved = ownUsers ? deviceNodes.filter((node) => node.hostPath && node.hostPath !== node.path) : [];
  for (const node of moved) byPath.delete(posix.resolve("/", node.path));
  return {
    ...spec,
    process: editProcess(process, edits),
    mounts: [...moved.map(nodeMount), ...mounts].reduce(addMount, spec.mounts),
    ...(hooks.length > 0 && { hooks: hooks.reduce(addHook, spec.hooks ?? {}) }),
    linux: {
      ...linux,
      devices: [...byPath.values()],
      resources: { ...linux.resources, devices: [...(linux.resources?.devices ?? []), ...rules] },
      ...(intelRdt && { intelRdt: cacheClass(intelRdt, path) }),
    },
  };
}

function editProcess(process: OciProcess, { env = [], additionalGids = [] }: CdiEdits): OciProcess {
  const variables = new Map(
    [...process.env, ...env].map((entry) => [entry.slice(0, entry.indexOf("=")), entry]),
  );
  // Some files have 0 for nothing.
  const groups = new Set([
    ...(process.user.additionalGids ?? []),
    ...additionalGids.filter((gid) => gid !== 0),
  ]);
  return {
    ...process,
    env: [...variables.values()],
    user: { ...process.user, ...(groups.size > 0 && { additionalGids: [...groups] }) },
  };
}

/** What the file does not say of a node is the host's to say; its owner, unless told, is who runs there. */
function deviceOf(
  node: CdiDeviceNode,
  host: HostNodes,
  { path, process }: { path: string; process: OciProcess },
): OciDevice {
  const place = node.hostPath ?? node.path;
  const found = host.get(place);
  const asked = node.type === "u" ? "c" : node.type;
  // The first of the numbers is never 0: that is how some writers say nothing.
  const isWhole = asked === "p" || (asked !== undefined && Boolean(node.major));
  const type = asked ?? found?.type;
  if (type === undefined || (!found && !isWhole)) {
    throw refusal(path, `device node ${place}, which this host does not have`);
  }
  if (found && !isWhole && type !== found.type) {
    throw refusal(path, `device node ${place} of type ${type}, and it is of type ${found.type}`);
  }
  const { major, minor } = node.major ? { major: node.major, minor: node.minor ?? 0 } : (found ?? {});
  const { uid, gid } = process.user;
  return {
    path: posix.resolve("/", node.path),
    type,
    ...(type !== "p" && { major, minor }),
    fileMode: node.fileMode ?? found?.fileMode,
    uid: node.uid ?? (uid > 0 ? uid : undefined),
    gid: node.gid ?? (gid > 0 ? gid : undefined),
  };
}

function rule({ permissions = "rwm" }: CdiDeviceNode, device: OciDevice | undefined): OciDeviceRule[] {
  if (!device || device.type === "p" || permissions === "none") return [];
  const { type, major, minor } = device;
  return [{ allow: true, type, major, minor, access: permissions }];
}

/** Nobody makes nodes in a user namespace: the OCI runtime mounts those of the host, but only at their own paths. */
function nodeMount({ path, hostPath = path }: CdiDeviceNode): CdiMount {
  return { hostPath, containerPath: path, type: "bind", options: ["bind", "nosuid", "noexec"] };
}

function addMount(
  mounts: readonly OciMount[],
  { hostPath, containerPath, options = [], type }: CdiMount,
): OciMount[] {
  const destination = posix.resolve("/", containerPath);
  const isBind = type === undefined && !options.some((option) => option === "bind" || option === "rbind");
  const mount: OciMount = {
    destination,
    source: hostPath,
    type: type ?? "bind",
    options: isBind ? ["rbind", ...options] : options,
  };
  return parentsFirst([...mounts.filter((other) => other.destination !== destination), mount]);
}

function addHook(
  hooks: NonNullable<OciSpec["hooks"]>,
  { hookName, ...hook }: CdiHook,
): NonNullable<OciSpec["hooks"]> {
  return { ...hooks, [hookName]: [...(hooks[hookName] ?? []), hook] };
}

/** OCI runtimes pass over what they do not know, so that it would be lost without a word. */
function cacheClass({ schemata, enableMonitoring, ...known }: CdiIntelRdt, path: string): OciIntelRdt {
  if (schemata) throw refusal(path, "intelRdt.schemata, which this runtime does not serve");
  if (enableMonitoring) throw refusal(path, "intelRdt.enableMonitoring, which this runtime does not serve");
  return known;
}

function refusal(path: string, what: string): CriError {
  return new CriError("failed_precondition", `The CDI specification ${path} asks for ${what}`);
}
