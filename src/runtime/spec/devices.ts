import { posix } from "node:path";

import type { ContainerConfig, Device } from "../../proto.js";
import type { OciDevice, OciDeviceRule, OciMount } from "../oci.js";
import { invalid } from "./invalid.js";

/**
 * The device nodes at or below a path of the host, by that path, which their own paths begin with. Without an
 * entry: there is no such path.
 */
export type HostDevices = ReadonlyMap<string, readonly OciDevice[]>;

/** A device node that a container gets, and what it may do with it. */
interface GrantedDevice {
  device: OciDevice;
  /** The node on the host. */
  source: string;
  /** Of `r`, `w` and `m`. */
  access: string;
}

const everything: OciDeviceRule = { allow: true, access: "rwm" };
const nothing: OciDeviceRule = { allow: false, access: "rwm" };

/** The paths of the host that must be looked up for `containerDevices`. */
export function devicePaths(config: ContainerConfig): string[] {
  const privileged = config.linux?.securityContext?.privileged ?? false;
  return [...config.devices.map((device) => device.hostPath), ...(privileged ? ["/dev"] : [])];
}

/**
 * The nodes to make in the container and the rules for using them. The OCI runtime adds the few that every
 * container has (`/dev/null` and its like). Throws `InvalidArgumentError` for a device that is not there.
 */
export function containerDevices(
  config: ContainerConfig,
  host: HostDevices,
  ownUsers = false,
): { devices: OciDevice[]; rules: OciDeviceRule[]; mounts: OciMount[] } {
  const privileged = config.linux?.securityContext?.privileged ?? false;
  const asked = config.devices.flatMap((device, index) => grant(device, index, host));
  const all = privileged ? (host.get("/dev") ?? []) : [];
  // A path once only, and what was asked for by name before what comes with being privileged.
  const devices = new Map(
    [...all, ...asked.map(({ device }) => device)].map((device) => [device.path, device]),
  );
  // Nobody makes nodes in a user namespace. The OCI runtime takes those of the host, by the paths in the container.
  const moved = ownUsers ? asked.filter(({ device, source }) => device.path !== source) : [];
  for (const { device } of moved) devices.delete(device.path);
  return {
    devices: [...devices.values()],
    mounts: moved.map(nodeMount),
    rules: privileged ? [everything] : [nothing, ...asked.map(rule)],
  };
}

/** Forbids every device but those of every container. */
export const noDevices: readonly OciDeviceRule[] = [nothing];

function grant(device: Device, index: number, host: HostDevices): GrantedDevice[] {
  const field = `config.devices[${index}]`;
  const access = device.permissions || "rwm";
  if (!/^[rwm]+$/.test(access)) {
    throw invalid(`${field}.permissions`, `is "${access}", and can only have the letters r, w and m`);
  }
  const found = host.get(device.hostPath);
  if (!found) throw invalid(`${field}.host_path`, `is ${device.hostPath}, which this host does not have`);
  if (found.length === 0) {
    throw invalid(`${field}.host_path`, `is ${device.hostPath}, which neither is a device nor holds any`);
  }
  const target = posix.resolve("/", device.containerPath || device.hostPath);
  const inContainer = (path: string) => posix.join(target, posix.relative(device.hostPath, path));
  return found.map((node) => {
    return { device: { ...node, path: inContainer(node.path) }, source: node.path, access };
  });
}

function nodeMount({ device, source }: GrantedDevice): OciMount {
  return { destination: device.path, type: "bind", source, options: ["bind", "nosuid", "noexec"] };
}

function rule({ device, access }: GrantedDevice): OciDeviceRule {
  return { allow: true, type: device.type, major: device.major, minor: device.minor, access };
}
