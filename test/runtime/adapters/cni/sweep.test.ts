import { randomInt } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createNetns } from "../../../../src/runtime/adapters/netns/netns.js";
import { PrivateNetwork } from "../support/private-network.js";

const firstPort = randomInt(20_000, 32_000);

let network: PrivateNetwork;
beforeEach(async () => {
  network = await PrivateNetwork.make();
});
afterEach(() => network[Symbol.asyncDispose]());

/** A pod with a host port, in the network. */
async function added(hostPort: number) {
  const pod = await network.attachment({
    portMappings: [
      { hostPort, containerPort: 8080, protocol: "tcp" },
      { hostPort: hostPort + 1, containerPort: 8081, protocol: "udp" },
    ],
  });
  const { ips } = await network.cni().add(pod);
  return { ...pod, ip: ips[0] ?? "" };
}

describe("Cni.sweep", () => {
  test("frees the address and host ports of a pod that nobody knows, and leaves the others theirs", async () => {
    const [kept, lost] = [await added(firstPort), await added(firstPort + 10)];
    await network.cni().sweep((id) => id === kept.id);
    expect(await network.leases()).toEqual([kept.ip]);
    const rules = (await network.podRules()).join("\n");
    expect(rules).toContain(kept.id);
    expect(rules).not.toContain(lost.id);
    expect(await network.cached()).toEqual([`${kept.id}.json`]);
    expect(await network.addressesIn(kept)).toContain(kept.ip);
    expect(await network.addressesIn(lost)).not.toContain(lost.ip);
    await network.cni().remove(kept);
  });

  test("finds what is held by the plugins' own traces when namespace and cache are gone", async () => {
    const lost = await added(firstPort + 20);
    await createNetns().remove(lost.netns);
    await rm(network.cache, { recursive: true });
    await network.cni().sweep(() => false);
    expect(await network.leases()).toEqual([]);
    expect(await network.podRules()).toEqual([]);
  });

  test("takes back an address that host-local was killed in the middle of leasing", async () => {
    const kept = await added(firstPort + 30);
    const [, third = ""] = /(\d+\.\d+\.\d+)\.\d+/.exec(kept.ip) ?? [];
    await writeFile(join(network.directory, "leases", network.bridge, `${third}.77`), "");
    await network.cni().sweep((id) => id === kept.id);
    expect(await network.leases()).toEqual([kept.ip]);
    await network.cni().remove(kept);
  });

  test("goes on past a pod that cannot be freed, names the failure, and keeps what it knows of it", async () => {
    const stuck = join(network.directory, "stuck");
    const fails = await network.writePlugin(
      "fails",
      `[ $CNI_COMMAND = ADD ] && exec echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.3/8"}]}'
grep -qs "$CNI_CONTAINERID" ${stuck} || exit 0
echo '{"code": 123, "msg": "will not"}'; exit 1`,
    );
    const cni = network.cni({ more: [fails] });
    const pods = [await network.attachment(), await network.attachment(), await network.attachment()];
    for (const pod of pods) await cni.add(pod);
    const [, second] = pods;
    await writeFile(stuck, second?.id ?? "");
    await expect(cni.sweep(() => false)).rejects.toThrow(
      `CNI DEL by plugin fails of network ${network.bridge} failed: will not`,
    );
    expect(await network.cached()).toEqual([`${second?.id}.json`]);
    await writeFile(stuck, "");
    await cni.sweep(() => false);
    expect(await network.cached()).toEqual([]);
    expect(await network.leases()).toEqual([]);
  });

  test("does nothing where nothing was ever added", async () => {
    await network.cni().sweep(() => false);
    expect(await readFile(join(network.directory, "leases"), "utf8").catch(({ code }) => code)).toBe(
      "ENOENT",
    );
  });
});
