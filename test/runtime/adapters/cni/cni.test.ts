import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Attachment } from "../../../../src/runtime/adapters/cni/attachment.js";
import { CniPluginError } from "../../../../src/runtime/adapters/cni/plugin-error.js";
import { createNetns } from "../../../../src/runtime/adapters/netns/netns.js";
import { runCommand } from "../../../../src/runtime/adapters/run-command.js";
import { holdClock } from "../../../support/held-clock.js";
import { until } from "../../../support/until.js";
import { PrivateNetwork } from "../support/private-network.js";

let network: PrivateNetwork;
beforeEach(async () => {
  network = await PrivateNetwork.make();
});
afterEach(() => network[Symbol.asyncDispose]());

describe("Cni with the bridge plugin", () => {
  test("gives a namespace an address that the host reaches, and takes it back", async () => {
    const cni = network.cni();
    const pod = await network.attachment();
    const { ips, raw } = await cni.add(pod);
    const [ip = ""] = ips;
    expect(ips).toHaveLength(1);
    expect(raw).toMatchObject({ cniVersion: "1.0.0", interfaces: expect.any(Array) });
    expect(await network.addressesIn(pod)).toContain(`${ip}/24`);
    expect(await network.leases()).toEqual([ip]);
    expect(await fetchText({ pod, host: ip, port: 8080 })).toBe("from the pod");
    expect(await network.podRules()).toEqual([]);
    await cni.remove(pod);
    expect(await network.addressesIn(pod)).not.toContain(ip);
    expect(await network.leases()).toEqual([]);
    expect(await network.ports()).toEqual([]);
    expect(await network.cached()).toEqual([]);
    await cni.remove(pod);
  });

  test("serves two at once, on a bridge that neither finds there", async () => {
    const cni = network.cni();
    const pods = await Promise.all([network.attachment(), network.attachment()]);
    const results = await Promise.all(pods.map((pod) => cni.add(pod)));
    const ips = results.flatMap((result) => result.ips);
    expect(new Set(ips).size).toBe(2);
    expect(await network.ports()).toHaveLength(2);
    await Promise.all(pods.map((pod) => cni.remove(pod)));
    expect(await network.leases()).toEqual([]);
  });

  test("joins a pod to a bridge that an ADD broken off has left without an address", async () => {
    const [one, other] = [`${network.bridge}a`, `${network.bridge}b`];
    const ip = (...args: string[]) => runCommand("ip", ["link", ...args]);
    await ip("add", network.bridge, "type", "bridge");
    await ip("add", one, "type", "veth", "peer", "name", other);
    await ip("set", one, "master", network.bridge);
    await ip("delete", one);
    const address = () => readFile(`/sys/class/net/${network.bridge}/address`, "utf8");
    expect(await address()).toBe("00:00:00:00:00:00\n");
    const cni = network.cni();
    const pod = await network.attachment();
    expect((await cni.add(pod)).ips).toHaveLength(1);
    await cni.remove(pod);
    expect(await address()).not.toBe("00:00:00:00:00:00\n");
  });

  test("leads a port of the host to one of the pod, as long as the pod is there", async () => {
    const hostPort = await freePort();
    const portMappings = [{ hostPort, containerPort: 8080, protocol: "tcp" as const }];
    const pod = await network.attachment({ portMappings });
    const cni = network.cni();
    await cni.add(pod);
    expect(await fetchText({ pod, host: network.gateway, port: hostPort })).toBe("from the pod");
    await cni.remove(pod);
    expect(await network.podRules()).toEqual([]);
  });

  test("frees the lease and the port when the namespace has gone before", async () => {
    const portMappings = [{ hostPort: await freePort(), containerPort: 8080, protocol: "tcp" as const }];
    const pod = await network.attachment({ portMappings });
    const cni = network.cni();
    await cni.add(pod);
    await createNetns().remove(pod.netns);
    // The daemon may have forgotten what was mapped: the cache knows.
    await cni.remove({ ...pod, portMappings: [] });
    expect(await network.leases()).toEqual([]);
    expect(await network.podRules()).toEqual([]);
    expect(await network.cached()).toEqual([]);
  });

  test("frees by the network that a namespace was added to, though another is configured now", async () => {
    const pod = await network.attachment();
    await network.cni().add(pod);
    const conflist = { cniVersion: "1.0.0", name: "other", plugins: [{ type: "no-such-plugin" }] };
    await network.cni({ conflist }).remove(pod);
    expect(await network.leases()).toEqual([]);
  });

  test("undoes what the bridge plugin did when no address can be had", async () => {
    const cni = network.cni();
    const conflist = structuredClone(network.conflist);
    const [bridge] = conflist.plugins;
    if (!bridge?.ipam) throw new Error("No bridge plugin");
    bridge.ipam.ranges = [
      [{ subnet: network.subnet, rangeStart: `${network.gateway}0`, rangeEnd: `${network.gateway}0` }],
    ];
    const narrow = network.cni({ conflist });
    const [first, second] = [await network.attachment(), await network.attachment()];
    await narrow.add(first);
    const error = await narrow.add(second).catch((reason) => reason);
    expect(error).toBeInstanceOf(CniPluginError);
    expect(error).toMatchObject({ plugin: "bridge", command: "ADD", pluginCode: expect.any(Number) });
    expect(error.message).toContain("no IP addresses available in range set");
    expect(await network.ports()).toHaveLength(1);
    await cni.remove(first);
  });
});

describe("Cni with other plugins", () => {
  test("hands each plugin the result of the one before, and the pod's names", async () => {
    const result = {
      cniVersion: "1.0.0",
      interfaces: [{ name: "veth1" }, { name: "eth0", sandbox: "x" }],
      ips: [
        { address: "192.0.2.1/24", interface: 0 },
        { address: "fd00::7/64", interface: 1 },
        { address: "10.1.2.3/8", interface: 1 },
      ],
    };
    const record = await network.writePlugin(
      "record",
      `cat > ${network.directory}/$CNI_COMMAND.json; env > ${network.directory}/$CNI_COMMAND.env
[ $CNI_COMMAND = DEL ] || echo '${JSON.stringify(result)}'`,
    );
    const cni = network.cni({ more: [{ ...record, capabilities: { portMappings: true }, own: "setting" }] });
    const pod = await network.attachment();
    const { ips } = await cni.add(pod);
    // Those of the pod, IPv4 first, as kubelet takes the first for the primary one.
    expect(ips).toEqual(["10.1.2.3", "fd00::7"]);
    const added = await recorded("ADD");
    expect(added.config).toMatchObject({
      name: network.bridge,
      cniVersion: "1.0.0",
      type: "record",
      own: "setting",
    });
    expect(added.config).toHaveProperty("prevResult.ips");
    expect(added.config).not.toHaveProperty("runtimeConfig");
    expect(added.environment).toContain(`CNI_CONTAINERID=${pod.id}`);
    expect(added.environment).toContain(`CNI_NETNS=${pod.netns}`);
    expect(added.environment).toContain("CNI_IFNAME=eth0");
    expect(added.environment).toContain(
      `CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=n;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID=${pod.id};K8S_POD_UID=u`,
    );
    await cni.remove(pod);
    expect((await recorded("DEL")).config).toMatchObject({ prevResult: result });
  });

  test("kills a plugin that hangs, with what it has started, and undoes the others' work", async () => {
    const begun = join(network.directory, "begun");
    const hang = await network.writePlugin(
      "hang",
      `[ $CNI_COMMAND = DEL ] || { echo > ${begun}; sleep 600; true; }`,
    );
    const cni = network.cni({ more: [hang], timeoutMs: 1000 });
    const pod = await network.attachment();
    using clock = holdClock();
    const rejected = expect(cni.add(pod)).rejects.toThrow(
      `CNI ADD by plugin hang of network ${network.bridge} failed: not done after 1000 ms`,
    );
    await until("the plugin hangs", () => existsSync(begun));
    await clock.pass(1000);
    await rejected;
    await expectNothingOf(pod);
  });

  test("undoes everything when the signal aborts, and throws the signal's reason", async () => {
    const started = join(network.directory, "started");
    const hang = await network.writePlugin(
      "hang",
      `[ $CNI_COMMAND = DEL ] || { echo > ${started}; sleep 600; true; }`,
    );
    const abort = new AbortController();
    const reason = new Error("the caller has gone");
    const pod = await network.attachment();
    const adding = network.cni({ more: [hang] }).add(pod, { signal: abort.signal });
    const rejected = expect(adding).rejects.toBe(reason);
    await expect.poll(() => readFile(started, "utf8").catch(() => "")).toBe("\n");
    abort.abort(reason);
    await rejected;
    await expectNothingOf(pod);
  });

  test("lets a plugin end what it is at when the signal aborts, and asks no other", async () => {
    const file = (name: string) => join(network.directory, name);
    const wait = `until [ -e ${file("aborted")} ]; do sleep 0.05; done`;
    const script = `[ $CNI_COMMAND = DEL ] && exit; echo > ${file("begun")}; ${wait}; echo > ${file("done")}`;
    const more = [await network.writePlugin("busy", script)];
    more.push(await network.writePlugin("next", `[ $CNI_COMMAND = DEL ] || echo > ${file("asked")}`));
    const abort = new AbortController();
    const reason = new Error("the caller has gone");
    const pod = await network.attachment();
    const rejected = expect(network.cni({ more }).add(pod, { signal: abort.signal })).rejects.toBe(reason);
    await expect.poll(() => existsSync(file("begun"))).toBe(true);
    abort.abort(reason);
    await writeFile(file("aborted"), "");
    await rejected;
    expect([existsSync(file("done")), existsSync(file("asked"))]).toEqual([true, false]);
    await expectNothingOf(pod);
  });

  test("goes on past plugins that fail to free, names them all, and can be asked again", async () => {
    const script = `[ $CNI_COMMAND = ADD ] && exec echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.3/8"}]}'
[ -e ${network.directory}/mended ] && exit 0
echo '{"cniVersion": "1.0.0", "code": 123, "msg": "will not", "details": "'$0'"}'; exit 1`;
    const more = [await network.writePlugin("first", script), await network.writePlugin("second", script)];
    const cni = network.cni({ more });
    const pod = await network.attachment();
    await cni.add(pod);
    const error = await cni.remove(pod).catch((reason) => reason);
    expect(error.message).toBe(
      `CNI DEL by plugin second of network ${network.bridge} failed: will not: ${network.directory}/second; ` +
        `CNI DEL by plugin first of network ${network.bridge} failed: will not: ${network.directory}/first`,
    );
    expect(await network.leases()).toEqual([]);
    expect(await network.cached()).toEqual([`${pod.id}.json`]);
    await writeFile(join(network.directory, "mended"), "");
    await cni.remove(pod);
    expect(await network.cached()).toEqual([]);
  });

  test.each([
    ["text", "echo so what", "its result is not JSON: so what"],
    ["a list", "echo '[1]'", "its result is not a JSON object: [1]"],
    ["an error that is none", "echo oops; exit 3", "exit code 3"],
    ["a crash", "kill -SEGV $$", "killed by SIGSEGV"],
  ])("takes %s from a plugin for an error of it", async (_, script, why) => {
    const nonsense = await network.writePlugin("nonsense", `[ $CNI_COMMAND = DEL ] || { ${script}; }`);
    const pod = await network.attachment();
    const error = await network
      .cni({ more: [nonsense] })
      .add(pod)
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(CniPluginError);
    expect(error).toMatchObject({ plugin: "nonsense", network: network.bridge, command: "ADD" });
    expect(error.message).toContain(why);
    await expectNothingOf(pod);
  });

  test.each([
    ["plugin", { type: "no-such-plugin" }],
    ["plugin for addresses", { type: "bridge", ipam: { type: "no-such-plugin" } }],
  ])("says which %s cannot be found, and has done nothing", async (_, missing) => {
    const pod = await network.attachment();
    const cni = network.cni({ more: [missing] });
    const error = await cni.add(pod).catch((reason) => reason);
    expect(error).toBeInstanceOf(CniPluginError);
    expect(error).toMatchObject({ plugin: "no-such-plugin", network: network.bridge });
    expect(error.message).toContain(
      `CNI ADD by plugin no-such-plugin of network ${network.bridge} failed: CNI plugin no-such-plugin is in none of`,
    );
    expect(await network.bridgeExists()).toBe(false);
    await expectNothingOf(pod);
    await cni.remove(pod);
  });

  test("tells that undoing failed too, and keeps what it knows for a later removal", async () => {
    const pod = await network.attachment();
    const stubborn = await network.writePlugin(
      "stubborn",
      `[ -e ${network.directory}/mended ] || { echo '{"code": 7, "msg": "'$CNI_COMMAND' not today"}'; exit 1; }`,
    );
    const cni = network.cni({ more: [stubborn] });
    const error = await cni.add(pod).catch((reason) => reason);
    expect(error).toBeInstanceOf(CniPluginError);
    expect(error).toMatchObject({ plugin: "stubborn", command: "ADD", pluginCode: 7 });
    expect(error.message).toMatch(/failed: ADD not today; undoing it failed too: .* failed: DEL not today$/);
    expect(await network.leases()).toEqual([]);
    expect(await network.cached()).toEqual([`${pod.id}.json`]);
    await writeFile(join(network.directory, "mended"), "");
    await cni.remove(pod);
    await expectNothingOf(pod);
  });

  test("refuses a network that gives the pod no address", async () => {
    const pod = await network.attachment();
    const bare = await network.writePlugin(
      "bare",
      `[ $CNI_COMMAND = DEL ] || echo '{"cniVersion": "1.0.0"}'`,
    );
    await expect(network.cni({ more: [bare] }).add(pod)).rejects.toThrow(
      `CNI network ${network.bridge} gave the pod no address on eth0`,
    );
    await expectNothingOf(pod);
  });

  test.each(["0.1.0", "0.2.0", "0.3.1", "0.4.0", "1.0.0"])("speaks CNI %s", async (cniVersion) => {
    const cni = network.cni({ conflist: { ...network.conflist, cniVersion } });
    const pod = await network.attachment({
      portMappings: [{ hostPort: 21_200, containerPort: 8080, protocol: "tcp" }],
    });
    const { ips } = await cni.add(pod);
    expect(ips).toEqual(await network.leases());
    expect(ips).toHaveLength(1);
    await cni.remove(pod);
    await expectNothingOf(pod);
    expect(await network.podRules()).toEqual([]);
  });

  test("gives what the pod asks for to the plugins that declare the capability", async () => {
    const capabilities = {
      portMappings: true,
      dns: true,
      bandwidth: true,
      "io.kubernetes.cri.pod-annotations": true,
      mac: true,
    };
    const script = `[ $CNI_COMMAND = DEL ] && exit
cat > ${network.directory}/$(basename $0).json
echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.3/8"}]}'`;
    const more = [
      { ...(await network.writePlugin("all", script)), capabilities },
      { ...(await network.writePlugin("some", script)), capabilities: { dns: true, portMappings: false } },
    ];
    const portMappings = [{ hostPort: 21_210, containerPort: 8080, protocol: "tcp" as const }];
    const dns = { servers: ["192.0.2.53"], searches: ["example.test"], options: ["ndots:5"] };
    const bandwidth = { ingressRate: 1_000_000, ingressBurst: 4_294_967_295 };
    const annotations = { "example.test/network": "blue" };
    const pod = await network.attachment({ portMappings, dns, bandwidth, annotations });
    const cni = network.cni({ more });
    await cni.add(pod);
    const given = async (name: string) =>
      JSON.parse(await readFile(join(network.directory, `${name}.json`), "utf8")).runtimeConfig;
    expect(await given("all")).toEqual({
      portMappings,
      dns,
      bandwidth,
      "io.kubernetes.cri.pod-annotations": annotations,
    });
    expect(await given("some")).toEqual({ dns });
    await cni.remove(pod);
  });

  test("is ready when each plugin is there, that for the addresses too", async () => {
    expect(await network.cni().status()).toEqual({ ready: true });
    const lacking = network.cni({ more: [{ type: "bridge", ipam: { type: "no-such-ipam" } }] });
    expect(await lacking.status()).toEqual({
      ready: false,
      reason: "NetworkPluginNotReady",
      message: expect.stringContaining("CNI plugin no-such-ipam is in none of"),
    });
  });
});

async function expectNothingOf(pod: Attachment): Promise<void> {
  expect(await network.leases()).toEqual([]);
  expect(await network.ports()).toEqual([]);
  expect(await network.cached()).toEqual([]);
  expect(await network.addressesIn(pod)).not.toContain("eth0");
}

async function recorded(command: "ADD" | "DEL"): Promise<{ config: unknown; environment: string[] }> {
  const file = (extension: string) => readFile(join(network.directory, `${command}.${extension}`), "utf8");
  return { config: JSON.parse(await file("json")), environment: (await file("env")).split("\n") };
}

/** What a server on port 8080 in the pod says to somebody who connects to this address. */
async function fetchText({
  pod,
  host,
  port,
}: {
  pod: Attachment;
  host: string;
  port: number;
}): Promise<string> {
  const program = `require("node:net").createServer((socket) => socket.end("from the pod"))
    .listen(8080, () => console.log("ready"))`;
  const server = spawn("nsenter", [`--net=${pod.netns}`, process.execPath, "-e", program]);
  try {
    await once(server.stdout, "data");
    return await text(connect({ host, port, timeout: 5000 }));
  } finally {
    server.kill("SIGKILL");
    await once(server, "exit");
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No port");
  return address.port;
}
