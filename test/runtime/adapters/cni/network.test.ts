import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { bridgeNetwork } from "../../../../src/runtime/adapters/cni/network.js";
import { PrivateNetwork } from "../support/private-network.js";

let network: PrivateNetwork;
beforeEach(async () => {
  network = await PrivateNetwork.make();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await network[Symbol.asyncDispose]();
});

test("The rules are looked for once for all pods that were asked for before the look", async () => {
  const { bridge, subnet, directory } = network;
  const calls = join(directory, "calls");
  const path = process.env.PATH;
  await network.writePlugin("iptables-save", `echo look >> ${calls}; PATH=${path} exec iptables-save`);
  vi.stubEnv("PATH", `${directory}:${path}`);
  const looks = async () => (await readFile(calls, "utf8")).match(/look/g)?.length;
  const { prepare } = bridgeNetwork({
    name: bridge,
    bridge,
    subnet,
    leaseDirectory: join(directory, "leases"),
  });

  const [first, second] = [performance.now(), performance.now()];
  await Promise.all([prepare(first), prepare(second)]);
  expect(await looks()).toBe(1);
  await prepare(second);
  expect(await looks()).toBe(1);
  await prepare(performance.now());
  expect(await looks()).toBe(2);
});

test("A look that failed serves nobody", async () => {
  const { bridge, subnet, directory } = network;
  const options = { name: bridge, bridge, subnet, leaseDirectory: join(directory, "leases") };
  const { prepare } = bridgeNetwork(options);
  const asked = performance.now();
  vi.stubEnv("PATH", "/nowhere");
  await expect(prepare(asked)).rejects.toThrow("cannot be let beyond the host");
  vi.unstubAllEnvs();
  await prepare(asked);
  expect((await network.sharedRules()).length).toBe(3);
});
