import { readdir, readFile, rm } from "node:fs/promises";
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

/** Whom host-local has leased addresses to. */
export async function leaseHolders(leaseDirectory: string, network: string): Promise<Holder[]> {
  const found = await leases(join(leaseDirectory, network));
  return found.flatMap(({ id }) => (id ? [{ id, portMappings: [] }] : []));
}

/** Takes back addresses that a host-local was killed in the middle of leasing. For when none is at work. */
export async function dropTornLeases(leaseDirectory: string, network: string): Promise<void> {
  for (const { path, id } of await leases(join(leaseDirectory, network))) {
    if (id === "") await rm(path, { force: true });
  }
}

/** Each address is a file that names its holder in the first line; one that cannot be read says nothing. */
async function leases(directory: string): Promise<{ path: string; id: string | undefined }[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => isIP(name) !== 0);
  const paths = names.map((name) => join(directory, name));
  return Promise.all(
    paths.map(async (path) => {
      const content = await readFile(path, "utf8").catch(() => undefined);
      return { path, id: content?.split(/\r?\n/)[0] };
    }),
  );
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
