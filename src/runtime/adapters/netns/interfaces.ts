import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The traffic of an interface since it was made. */
export interface InterfaceCounters {
  name: string;
  rxBytes: bigint;
  rxPackets: bigint;
  rxErrors: bigint;
  rxDropped: bigint;
  txBytes: bigint;
  txPackets: bigint;
  txErrors: bigint;
  txDropped: bigint;
}

export interface Interfaces {
  /** The one that the default route uses; without such a route the first. */
  main: InterfaceCounters;
  others: InterfaceCounters[];
}

/**
 * The interfaces, but for the loopback, of the network that a process is in. Undefined when there is none, or
 * no such process. `directory` is the process's in /proc, which shows that network without entering it.
 */
export function readInterfaces(directory: string): Interfaces | undefined {
  const found = parseCounters(read(join(directory, "net/dev"))).filter(({ name }) => name !== "lo");
  const route =
    ipv4DefaultRoute(read(join(directory, "net/route"))) ??
    ipv6DefaultRoute(read(join(directory, "net/ipv6_route")));
  const main = found.find(({ name }) => name === route) ?? found[0];
  return main && { main, others: found.filter((other) => other !== main) };
}

/** Made by the kernel when it is read: it waits for no disk. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Two lines of headings; then per interface eight columns for what came in and eight for what went out. */
function parseCounters(text: string): InterfaceCounters[] {
  return text
    .split("\n")
    .slice(2)
    .flatMap((line) => {
      // A name may hold a colon itself, as aliases do; a number cannot.
      const [, name, numbers] = /^\s*(\S+):\s*([\d\s]+)$/.exec(line) ?? [];
      if (name === undefined || numbers === undefined) return [];
      const columns = numbers.trim().split(/\s+/).map(BigInt);
      const [rxBytes = 0n, rxPackets = 0n, rxErrors = 0n, rxDropped = 0n] = columns;
      const [txBytes = 0n, txPackets = 0n, txErrors = 0n, txDropped = 0n] = columns.slice(8);
      const received = { rxBytes, rxPackets, rxErrors, rxDropped };
      return [{ name, ...received, txBytes, txPackets, txErrors, txDropped }];
    });
}

interface Route {
  name: string;
  metric: number;
}

const isUp = (flags: string) => (Number.parseInt(flags, 16) & 1) !== 0;

function ipv4DefaultRoute(text: string): string | undefined {
  const routes = rows(text).flatMap((fields): Route[] => {
    const [name = "", destination, , flags = "0", , , metric, mask] = fields;
    const isDefault = destination === "00000000" && mask === "00000000";
    return isDefault && isUp(flags) ? [{ name, metric: Number(metric) }] : [];
  });
  return cheapest(routes);
}

function ipv6DefaultRoute(text: string): string | undefined {
  const routes = rows(text).flatMap((fields): Route[] => {
    const [, length, , , , metric = "", , , flags = "0", name = ""] = fields;
    // The loopback has one that says: unreachable.
    return length === "00" && isUp(flags) && name !== "lo"
      ? [{ name, metric: Number.parseInt(metric, 16) }]
      : [];
  });
  return cheapest(routes);
}

function rows(text: string): string[][] {
  return text.split("\n").map((line) => line.trim().split(/\s+/));
}

function cheapest(routes: readonly Route[]): string | undefined {
  return [...routes].sort((a, b) => a.metric - b.metric)[0]?.name;
}
