import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ask, ipOf, netnsOf, serveEcho } from "../support/echo.js";
import { type IsolatedRuntime, startIsolatedRuntime } from "../support/isolated-runtime.js";
import { inPlace, makeOutside, type Outside } from "../support/outside.js";
import { runPod } from "../support/pods.js";

let directory: string;
let networks: string;
let test: IsolatedRuntime;
let outside: Outside;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-networks-"));
  networks = join(directory, "net.d");
  await mkdir(networks);
  test = await startIsolatedRuntime(["--cni-conf-dir", networks]);
  outside = await makeOutside(test.host);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
  await rm(networks, { recursive: true });
  await mkdir(networks);
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
  await rm(directory, { recursive: true });
});

/** Puts a network there as installers do: a whole file at once. */
async function configure(file: string, content: object): Promise<void> {
  await writeFile(join(directory, file), JSON.stringify(content));
  await rename(join(directory, file), join(networks, file));
}

const ranges = (...subnets: string[]) => subnets.map((subnet) => [{ subnet }]);

function bridge(name: string, ...subnets: string[]) {
  const routes = subnets.map((subnet) => ({ dst: subnet.includes(":") ? "::/0" : "0.0.0.0/0" }));
  const dataDir = join(directory, "leases");
  const ipam = { type: "host-local", ranges: ranges(...subnets), routes, dataDir };
  return { type: "bridge", bridge: name, isGateway: true, hairpinMode: true, ipMasq: true, ipam };
}

const list = (name: string, ...plugins: object[]) => ({ cniVersion: "1.0.0", name, plugins });

async function networkCondition() {
  const { status } = await test.runtime.status({});
  return status?.conditions.find(({ type }) => type === "NetworkReady");
}

async function rules(): Promise<string> {
  return (await inPlace(test.host, "iptables-save")) + (await inPlace(test.host, "ip6tables-save"));
}

describe("a configured network", () => {
  it("is taken up when it comes, without a restart; until then the reason is told", async () => {
    expect(await networkCondition()).toMatchObject({
      status: false,
      reason: "NetworkPluginNotReady",
      message: `No CNI network (*.conflist, *.conf, *.json) in ${networks}`,
    });
    const refused = runPod(test);
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(refused).rejects.toThrow(`No CNI network (*.conflist, *.conf, *.json) in ${networks}`);
    expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
    await configure("10-late.conflist", list("late", bridge("late0", "10.80.1.0/24")));
    expect(await networkCondition()).toMatchObject({ status: true, reason: "" });
    expect(await ipOf(test, await runPod(test))).toMatch(/^10\.80\.1\./);
  });

  it("that lacks a plugin is not ready, and names it", async () => {
    await configure("10-lacking.conflist", list("lacking", { type: "no-such-plugin" }));
    expect(await networkCondition()).toMatchObject({
      status: false,
      message: expect.stringContaining("CNI plugin no-such-plugin is in none of"),
    });
    await expect(runPod(test)).rejects.toThrow("CNI ADD by plugin no-such-plugin of network lacking failed");
    expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
  });

  it("may change under running pods: each leaves the one that it joined", async () => {
    await configure("10-a.conflist", list("before", bridge("before0", "10.80.2.0/24")));
    const old = await runPod(test);
    await configure("05-b.conflist", list("after", bridge("after0", "10.80.3.0/24")));
    const young = await runPod(test);
    expect(await ipOf(test, old)).toMatch(/^10\.80\.2\./);
    expect(await ipOf(test, young)).toMatch(/^10\.80\.3\./);
    await rm(join(networks, "10-a.conflist"));
    for (const podSandboxId of [old, young]) await test.runtime.stopPodSandbox({ podSandboxId });
    expect(await rules()).not.toMatch(/before|after|10\.80\.[23]\./);
    for (const name of ["before", "after"]) {
      const leases = await inPlace(undefined, "ls", join(directory, "leases", name));
      expect(leases.split("\n").filter((lease) => lease.startsWith("10."))).toEqual([]);
    }
  });

  it("with plugins for masquerading, firewall, settings and ports does its own of all that", async () => {
    const tuning = { type: "tuning", sysctl: { "net.core.somaxconn": "500" }, mtu: 1400 };
    const portmap = { type: "portmap", capabilities: { portMappings: true }, snat: true };
    await configure(
      "10-full.conflist",
      list("full", bridge("full0", "10.80.4.0/24"), { type: "firewall" }, tuning, portmap),
    );
    const pod = await runPod(test, { portMappings: [{ hostPort: 8082, containerPort: 8080 }] });
    const from = await netnsOf(test, pod);
    await using _outside = await serveEcho(outside.netns, { name: "outside" });
    await using _server = await serveEcho(from, { name: "pod" });
    await inPlace(test.host, "iptables", "-P", "FORWARD", "DROP");
    expect(await ask({ from, host: outside.address, port: 8080 })).toBe(`outside ${outside.hostAddress}`);
    // The firewall plugin lets answers in, and leaves what is new to the host.
    await inPlace(test.host, "iptables", "-P", "FORWARD", "ACCEPT");
    expect(await ask({ from: outside.netns, host: outside.hostAddress, port: 8082 })).toMatch(/^pod /);
    expect(await ask({ from: test.host, host: "127.0.0.1", port: 8082 })).toMatch(/^pod /);
    expect(await inPlace(from, "sysctl", "-n", "net.core.somaxconn")).toBe("500\n");
    expect(await inPlace(from, "ip", "link", "show", "eth0")).toContain("mtu 1400");
    // The rules are the plugins' alone.
    expect(await rules()).not.toContain("crikit");
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    expect(await rules()).not.toMatch(/full|10\.80\.4\./);
  });

  it("of two families gives a pod an address of each, shows both, and both are reached", async () => {
    const portmap = { type: "portmap", capabilities: { portMappings: true } };
    await configure(
      "10-dual.conflist",
      list("dual", bridge("dual0", "fd00:80::/64", "10.80.5.0/24"), portmap),
    );
    const [one, other] = [await runPod(test), await runPod(test)];
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: other });
    const [ip = "", ip6 = ""] = [status?.network?.ip, status?.network?.additionalIps[0]?.ip];
    expect(ip).toMatch(/^10\.80\.5\./);
    expect(ip6).toMatch(/^fd00:80::/);
    expect(status?.network?.additionalIps).toHaveLength(1);
    await using _server = await serveEcho(await netnsOf(test, other), { name: "other" });
    const from = await netnsOf(test, one);
    expect(await ask({ from, host: ip, port: 8080 })).toMatch(/^other 10\.80\.5\./);
    expect(await ask({ from, host: ip6, port: 8080 })).toMatch(/^other fd00:80::/);
    const hosts = await readFile(join(test.directory, "state/sandboxes", other, "hosts"), "utf8");
    expect(hosts).toContain(`${ip}\tdemo\n${ip6}\tdemo\n`);
  });

  it("limits a pod's bandwidth as its annotations ask", async () => {
    const bandwidth = { type: "bandwidth", capabilities: { bandwidth: true } };
    await configure("10-limits.conflist", list("limits", bridge("limits0", "10.80.6.0/24"), bandwidth));
    await runPod(test, { annotations: { "kubernetes.io/ingress-bandwidth": "10M" } });
    expect(await inPlace(test.host, "tc", "qdisc", "show")).toMatch(/tbf .*rate 10Mbit/);
    const annotations = { "kubernetes.io/ingress-bandwidth": "fast" };
    await expect(runPod(test, { annotations })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
