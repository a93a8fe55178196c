import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { runTool } from "./run-tool.js";

/** Makes a bridge; false when an interface of this name exists, which the kernel tells one process alone. */
export async function makeBridge(name: string): Promise<boolean> {
  try {
    await runTool("ip", ["link", "add", name, "type", "bridge"]);
    return true;
  } catch {
    // Any other failure is the daemon's to tell: it knows what it needs, and says so.
    return !existsInterface(name);
  }
}

/** Absent: done. */
export async function removeBridge(name: string): Promise<void> {
  if (!existsInterface(name)) return;
  try {
    await runTool("ip", ["link", "delete", "dev", name]);
  } catch (error) {
    if (existsInterface(name)) throw error;
  }
}

export function existsInterface(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

/** The destinations in the routing table that lie in 10.90.0.0/16, each as a /24 in CIDR form. */
export async function routedSubnets(): Promise<Set<string>> {
  const table = await readFile("/proc/net/route", "utf8").catch(() => "");
  const rows = table.split("\n").slice(1);
  // Little-endian hexadecimal: 10.90.7.0 is 00075A0A.
  const found = rows.map((row) => row.split("\t")[1] ?? "").filter((hex) => hex.endsWith("5A0A"));
  return new Set(found.map((hex) => `10.90.${Number.parseInt(hex.slice(2, 4), 16)}.0/24`));
}
