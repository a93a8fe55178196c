import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Traces } from "./names.js";

const run = promisify(execFile);

/** Of the whole network: its bridge, addresses, and rules of the firewall. */
export async function networkTraces(network: Traces["network"]): Promise<string[]> {
  return [...(await interfaces(network)), ...(await rules(network))];
}

/** Of the pods in it: their interfaces, and rules of the firewall. What is there for all of them is not told. */
export async function attachmentTraces(network: Traces["network"]): Promise<string[]> {
  const ports = await readdir(`/sys/class/net/${network.bridge}/brif`).catch(() => []);
  const own = (await rules(network)).filter((rule) => !rule.includes(`"crikit ${network.bridge}"`));
  return [...ports.map((name) => `interface ${name}`), ...own];
}

/** Addresses that are given out. */
export async function leaseTraces(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, "state/leases"), { recursive: true }).catch(() => []);
  return names.filter((name) => /(^|\/)\d+(\.\d+){3}$/.test(name)).map((name) => `lease ${name}`);
}

async function interfaces({ bridge, subnet }: Traces["network"]): Promise<string[]> {
  const prefix = subnet.slice(0, subnet.lastIndexOf(".") + 1);
  const { stdout } = await run("ip", ["-o", "address", "show"]);
  const bridges = existsSync(`/sys/class/net/${bridge}`) ? [`interface ${bridge}`] : [];
  const addresses = stdout.split("\n").filter((line) => line.includes(` ${prefix}`));
  return [...bridges, ...addresses.map((line) => `address ${line}`)];
}

async function rules({ bridge, subnet }: Traces["network"]): Promise<string[]> {
  const prefix = subnet.slice(0, subnet.lastIndexOf(".") + 1);
  const { stdout } = await run("iptables-save", []);
  // The name of a bridge may be the beginning of another's.
  const named = new RegExp(`${bridge}\\b`);
  const ours = stdout.split("\n").filter((line) => line.includes(prefix) || named.test(line));
  return ours.map((line) => `iptables ${line}`);
}
