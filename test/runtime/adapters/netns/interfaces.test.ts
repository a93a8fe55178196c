import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { readInterfaces } from "../../../../src/runtime/adapters/netns/interfaces.js";

const headings = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;
const lo =
  "    lo: 4242  12    0    0    0     0          0         0     4242      12    0    0    0     0       0          0\n";
const eth0 = "  eth0: 18446744073709551615 7 1 2 0 0 0 0 20 8 3 4 0 0 0 0\n";
const net1 = "net1:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n";
const routeHeadings = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
const route = (name: string, destination: string, flags: string, metric: number) => {
  const mask = destination === "00000000" ? "00000000" : "00FFFFFF";
  return `${name}\t${destination}\t0101590A\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`;
};
const zero = "0".repeat(32);
const route6 = (name: string, destination: string, length: string, flags: string) => {
  return `${destination} ${length} ${zero} 00 ${zero} 00000400 00000002 00000000 ${flags}     ${name}\n`;
};

describe("readInterfaces", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "crikit-proc-"));
    await mkdir(join(directory, "net"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function read(files: Record<string, string>) {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, "net", name), text);
    const interfaces = readInterfaces(directory);
    return interfaces && [interfaces.main.name, interfaces.others.map(({ name }) => name)];
  }

  test("reads the traffic of every interface but the loopback", async () => {
    await read({ dev: headings + lo + eth0 + net1 });
    expect(readInterfaces(directory)).toEqual({
      main: {
        name: "eth0",
        ...{ rxBytes: 18446744073709551615n, rxPackets: 7n, rxErrors: 1n, rxDropped: 2n },
        ...{ txBytes: 20n, txPackets: 8n, txErrors: 3n, txDropped: 4n },
      },
      others: [
        {
          name: "net1",
          ...{ rxBytes: 5n, rxPackets: 1n, rxErrors: 0n, rxDropped: 0n },
          ...{ txBytes: 6n, txPackets: 1n, txErrors: 0n, txDropped: 0n },
        },
      ],
    });
  });

  test("takes that of the default route with the least metric for the main one", async () => {
    const dev = headings + lo + eth0 + net1;
    const toNet = route("eth0", "0000590A", "0001", 0);
    const routes = [toNet, route("eth0", "00000000", "0003", 200), route("net1", "00000000", "0003", 100)];
    expect(await read({ dev, route: routeHeadings + routes.join("") })).toEqual(["net1", ["eth0"]]);
    const down = route("net1", "00000000", "0002", 0);
    expect(await read({ dev, route: routeHeadings + toNet + down })).toEqual(["eth0", ["net1"]]);
  });

  test("goes by the default route of IPv6 where there is no other", async () => {
    const dev = headings + lo + eth0 + net1;
    const unreachable = route6("lo", zero, "00", "00200200");
    const local = route6("eth0", `fe80${zero.slice(4)}`, "40", "00000001");
    const routes = local + route6("net1", zero, "00", "00000003") + unreachable;
    expect(await read({ dev, route: routeHeadings, ipv6_route: routes })).toEqual(["net1", ["eth0"]]);
  });

  test("finds none in a network that has only the loopback, nor of a process that is gone", async () => {
    expect(await read({ dev: headings + lo })).toBeUndefined();
    expect(readInterfaces("/proc/0")).toBeUndefined();
  });

  test("sees this very process's network", () => {
    const interfaces = readInterfaces("/proc/self");
    expect(interfaces?.main.rxBytes).toBeGreaterThan(0n);
  });
});
