import { isIP } from "node:net";

import { InvalidArgumentError } from "../../errors.js";
import { type PortMapping, Protocol } from "../../proto.js";
import type { RecordedPortMapping } from "../state/sandbox-record.js";

const protocols: Partial<Record<Protocol, RecordedPortMapping["protocol"]>> = {
  [Protocol.TCP]: "tcp",
  [Protocol.UDP]: "udp",
  [Protocol.SCTP]: "sctp",
};

/**
 * What of a request's mappings leads in from the host: one without a host port only says what the pod listens
 * on. Throws naming the field that cannot be carried out.
 */
export function recordedPortMappings(mappings: readonly PortMapping[]): RecordedPortMapping[] {
  return mappings.flatMap((mapping, index) => {
    const { hostPort, containerPort, hostIp } = mapping;
    if (hostPort <= 0) return [];
    const protocol = protocols[mapping.protocol];
    if (!protocol) throw refusal(index, "protocol", `${mapping.protocol} is none of TCP, UDP and SCTP`);
    if (!isPort(hostPort)) throw refusal(index, "host_port", `${hostPort} is not a port`);
    if (!isPort(containerPort)) throw refusal(index, "container_port", `${containerPort} is not a port`);
    if (hostIp && isIP(hostIp) === 0) throw refusal(index, "host_ip", `"${hostIp}" is not an IP address`);
    return [{ hostPort, containerPort, protocol, ...(hostIp && { hostIP: hostIp }) }];
  });
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function refusal(index: number, field: string, why: string): InvalidArgumentError {
  const path = `config.port_mappings[${index}].${field}`;
  return new InvalidArgumentError(`${path}: ${why}`, { field: path });
}
