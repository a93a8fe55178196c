import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { removeBridge } from "../../../../src/runtime/adapters/cni/bridge.js";
import { ensureMasquerade, removeMasquerade } from "../../../../src/runtime/adapters/cni/masquerade.js";
import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import { PrivateNetwork } from "../support/private-network.js";

let network: PrivateNetwork;
beforeEach(async () => {
  network = await PrivateNetwork.make();
});
afterEach(async () => {
  await network[Symbol.asyncDispose]();
});

describe("Masquerade", () => {
  test("is one rule with our comment, however often it is asked for", async () => {
    await ensureMasquerade(network);
    await ensureMasquerade(network);
    const { bridge, subnet } = network;
    const rules = await network.sharedRules();
    expect(rules.filter((rule) => rule.includes("MASQUERADE"))).toEqual([
      `-A POSTROUTING -s ${subnet} ! -o ${bridge} -m comment --comment "crikit ${bridge}" -j MASQUERADE`,
    ]);
    expect(rules).toHaveLength(3);
  });

  test("is looked for by one program when it is there", async () => {
    await ensureMasquerade(network);
    const path = process.env.PATH;
    const calls = join(network.directory, "calls");
    for (const name of ["iptables", "iptables-save"]) {
      const script = `echo ${name} >> ${calls}; PATH=${path} exec ${name} "$@"`;
      await network.writePlugin(name, script);
    }
    process.env.PATH = `${network.directory}:${path}`;
    try {
      await ensureMasquerade(network);
    } finally {
      process.env.PATH = path;
    }
    expect(await readFile(calls, "utf8")).toBe("iptables-save\n");
  });

  test("is found there however its subnet is spelt", async () => {
    const { bridge, subnet } = network;
    const spelt = { bridge, subnet: subnet.replace("0/24", "7/24") };
    await ensureMasquerade(spelt);
    await ensureMasquerade(spelt);
    expect(await network.sharedRules()).toHaveLength(3);
  });

  test("lets packets through where the host forwards nothing by itself", async () => {
    // A namespace has tables of its own: the host's policy stays as it is.
    const { netns } = await network.attachment();
    const inside = async (script: string) =>
      (await runCommand("nsenter", [`--net=${netns}`, "sh", "-c", script])).stdout;
    await inside("iptables -w -P FORWARD DROP");
    const module = new URL("../../../../src/runtime/adapters/cni/masquerade.ts", import.meta.url).pathname;
    const call = (name: string) =>
      inside(
        `${process.execPath} --import tsx -e 'import("${module}").then((m) => m.${name}(${JSON.stringify({ bridge: network.bridge, subnet: network.subnet })}))'`,
      );
    await call("ensureMasquerade");
    await call("ensureMasquerade");
    const comment = `-m comment --comment "crikit ${network.bridge}"`;
    expect((await inside("iptables -w -S FORWARD")).trimEnd().split("\n")).toEqual([
      "-P FORWARD DROP",
      expect.stringMatching(
        `^-A FORWARD -o ${network.bridge} -m conntrack --ctstate \\S*ESTABLISHED\\S* ${comment} -j ACCEPT$`,
      ),
      `-A FORWARD -i ${network.bridge} ${comment} -j ACCEPT`,
    ]);
    await call("removeMasquerade");
    expect(await inside("iptables -w -S FORWARD")).toBe("-P FORWARD DROP\n");
  });

  test("says what is in vain when the firewall cannot be changed", async () => {
    const path = process.env.PATH;
    process.env.PATH = network.directory;
    try {
      await expect(ensureMasquerade(network)).rejects.toThrow(
        `Pods on bridge ${network.bridge} cannot be let beyond the host: iptables-save: not found: apt-get install iptables`,
      );
    } finally {
      process.env.PATH = path;
    }
  });

  test("is removed however often it is there, and the rules of others stay", async () => {
    const { bridge, subnet } = network;
    const other = { bridge: `${bridge}x`, subnet };
    await ensureMasquerade({ bridge, subnet: "10.97.0.0/28" });
    await ensureMasquerade(network);
    const rule = (await network.sharedRules()).find((line) => line.includes("POSTROUTING"));
    await runCommand("sh", ["-c", `iptables -w -t nat ${rule}`]);
    await ensureMasquerade(other);
    await removeMasquerade(network);
    await removeMasquerade(network);
    expect(await network.sharedRules()).toEqual([]);
    const others = (await network.podRules()).filter((rule) => rule.includes(`"crikit ${other.bridge}"`));
    expect(others).toHaveLength(3);
    await removeMasquerade(other);
  });
});

describe("removeBridge", () => {
  test("removes a bridge, and does so twice", async () => {
    await runCommand("ip", ["link", "add", network.bridge, "type", "bridge"]);
    expect(await network.bridgeExists()).toBe(true);
    await removeBridge(network.bridge);
    await removeBridge(network.bridge);
    expect(await network.bridgeExists()).toBe(false);
  });

  test("leaves an interface of another kind alone", async () => {
    await expect(removeBridge("lo")).rejects.toThrow("Interface lo is not a bridge");
  });
});
