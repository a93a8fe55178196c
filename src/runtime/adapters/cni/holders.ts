import { readdir, readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";

import { CommandError, runCommand } from "../run-command.js";
import type { PortMapping } from "./attachment.js";

/** An attachment that something was found to be held for. */
export interface Holder {
  id: string;
  portMappings: PortMapping[];
}

const timeoutMs = 20_000;

/** Whom host-local has leased addresses to: each address is a file that names its holder in the first line. */
export async function leaseHolders(leaseDirectory: string, network: string): Promise<Holder[]> {
  const directory = join(leaseDirectory, network);
  const addresses = (await readdir(directory).catch(() => [])).filter((name) => isIP(name) !== 0);
  const contents = await Promise.all(
    addresses.map((address) => readFile(join(directory, address), "utf8").catch(() => "")),
  );
  const ids = contents.map((content) => content.split(/\r?\n/)[0] ?? "").filter(Boolean);
  return ids.map((id) => ({ id, portMappings: [] }));
}

const portRule = /^-A \S+ -p (tcp|udp|sctp) .*dnat name: \\"(.+)\\" id: \\"(\w+)\\".* --dports ([\d,]+)/;

/** Whom portmap has made rules for: they bear the network's name and the ID in their comment. */
export async function portHolders(network: string): Promise<Holder[]> {
  return (await portRules()).flatMap((line) => {
    const [, protocol, name, id = "", ports = ""] = portRule.exec(line) ?? [];
    if (name !== network || !isProtocol(protocol)) return [];
    const hostPorts = ports.split(",").map(Number);
    const portMappings = hostPorts.map((hostPort) => ({ hostPort, containerPort: hostPort, protocol }));
    return [{ id, portMappings }];
  });
}

async function portRules(): Promise<string[]> {
  const args = ["-w", "-t", "nat", "-S", "CNI-HOSTPORT-DNAT"];
  try {
    return (await runCommand("iptables", args, { timeoutMs })).stdout.split("\n");
  } catch (error) {
    // The chain comes with the first mapping.
    if (error instanceof CommandError && error.exitCode === 1) return [];
    throw error;
  }
}

function isProtocol(name: string | undefined): name is PortMapping["protocol"] {
  return name === "tcp" || name === "udp" || name === "sctp";
}
