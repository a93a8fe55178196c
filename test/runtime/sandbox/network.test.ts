import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { NamespaceMode } from "../../../src/proto.js";
import { hostResolvConf } from "../../../src/runtime/sandbox/resolv-conf.js";
import { ask, ipOf, netnsOf, serveEcho } from "../support/echo.js";
import { inPlace, makeOutside, type Outside } from "../support/outside.js";
import { containerConfig, runPod, startContainer } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let outside: Outside;

beforeAll(async () => {
  test = await startTestRuntime();
  outside = await makeOutside();
  await pullBusybox(test);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  // Purging takes the rules away, among the rest.
  expect(await test.end()).toEqual([]);
});

async function masqueradeRules(): Promise<string[]> {
  const rules = (await inPlace(undefined, "iptables", "-w", "-t", "nat", "-S", "POSTROUTING")).split("\n");
  const { subnet, bridge } = test.config;
  const prefix = subnet.replace("0/24", "");
  return rules.filter((rule) => rule.includes(` ${prefix}`) || rule.includes(`"crikit ${bridge}"`));
}

async function run(containerId: string, script: string): Promise<string> {
  const { stdout } = await test.runtime.execSync({ containerId, cmd: ["sh", "-c", script], timeout: 10n });
  return new TextDecoder().decode(stdout);
}

describe("the built-in network", () => {
  it("lets pods reach each other under their own addresses, by TCP and UDP", async () => {
    const [one, other] = [await runPod(test), await runPod(test)];
    await using _server = await serveEcho(await netnsOf(test, other), { name: "other" });
    const from = await netnsOf(test, one);
    const answer = `other ${await ipOf(test, one)}`;
    for (const protocol of ["tcp", "udp"] as const) {
      expect(await ask({ from, host: await ipOf(test, other), port: 8080, protocol })).toBe(answer);
    }
  });

  it("lets a pod reach another machine, which sees the host's address, by one rule for all pods", async () => {
    const pods = [await runPod(test), await runPod(test), await runPod(test)];
    await using _server = await serveEcho(outside.netns, { name: "outside" });
    for (const pod of pods) {
      const from = await netnsOf(test, pod);
      const answer = await ask({ from, host: outside.address, port: 8080 });
      expect(answer).toBe(`outside ${outside.hostAddress}`);
    }
    expect(await masqueradeRules()).toHaveLength(1);
  });

  it("joins many pods at once, each with an address of its own, and frees them all", async () => {
    const pods = await Promise.all(Array.from({ length: 16 }, () => runPod(test)));
    const ips = await Promise.all(pods.map((pod) => ipOf(test, pod)));
    expect(new Set(ips).size).toBe(16);
    expect(await masqueradeRules()).toHaveLength(1);
    await Promise.all(pods.map((podSandboxId) => test.runtime.removePodSandbox({ podSandboxId })));
    const leases = await readdir(join(test.directory, `state/leases/crikit-${test.config.bridge}`));
    expect(leases.filter((name) => ips.includes(name))).toEqual([]);
    expect(await readdir(`/sys/class/net/${test.config.bridge}/brif`)).toEqual([]);
  });

  it("makes the rule again with the next pod when somebody has removed it", async () => {
    await runPod(test);
    const [rule = ""] = await masqueradeRules();
    // What `iptables -F` does, to our rule alone: other tests have rules of their own.
    await inPlace(undefined, "sh", "-c", `iptables -w -t nat ${rule.replace("-A", "-D")}`);
    expect(await masqueradeRules()).toEqual([]);
    const pod = await runPod(test);
    expect(await masqueradeRules()).toEqual([rule]);
    await using _server = await serveEcho(outside.netns, { name: "outside" });
    const from = await netnsOf(test, pod);
    expect(await ask({ from, host: outside.address, port: 8080 })).toBe(`outside ${outside.hostAddress}`);
  });

  it("tells a pod its own name and address in its files", async () => {
    const pod = await runPod(test, { hostname: "web-0" });
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    expect(await run(id, "hostname; cat /etc/hostname; env | sed -n s/^HOSTNAME=//p")).toBe(
      "web-0\nweb-0\nweb-0\n",
    );
    const hosts = await run(id, "cat /etc/hosts");
    expect(hosts).toContain("127.0.0.1\tlocalhost\n");
    expect(hosts).toContain(`${await ipOf(test, pod)}\tweb-0\n`);
    expect(await run(id, "ping -c 1 -W 2 web-0 >/dev/null && echo reached")).toBe("reached\n");
  });

  it("gives a pod on the node's network the node's names, and asks no plugin for it", async () => {
    const namespaceOptions = { network: NamespaceMode.NODE, pid: NamespaceMode.CONTAINER };
    const linux = { securityContext: { namespaceOptions } };
    const mapped = { hostPort: 21_400, containerPort: 80 };
    const pod = await runPod(test, { linux, hostname: "web-0", portMappings: [mapped] });
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(status?.network).toMatchObject({ ip: "", additionalIps: [] });
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"], { linux }));
    const name = hostname();
    expect(await run(id, "hostname; cat /etc/hostname; env | sed -n s/^HOSTNAME=//p")).toBe(
      `${name}\n${name}\n${name}\n`,
    );
    expect(await run(id, "cat /etc/hosts")).toBe(await readFile("/etc/hosts", "utf8"));
    expect(await run(id, "cat /etc/resolv.conf")).toBe(await readFile("/etc/resolv.conf", "utf8"));
    expect(await inPlace(undefined, "iptables-save")).not.toContain(pod);
  });

  it("gives the address back at the stop, and shows none from then on", async () => {
    const pod = await runPod(test);
    const ip = await ipOf(test, pod);
    expect(ip).not.toBe("");
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(status?.network).toMatchObject({ ip: "", additionalIps: [] });
  });
});

describe("DNS settings", () => {
  it("are those that are asked for, for every user to read", async () => {
    const dnsConfig = { servers: ["192.0.2.53"], searches: ["ns.svc.cluster.local"], options: ["ndots:5"] };
    const pod = await runPod(test, { dnsConfig });
    const linux = { securityContext: { runAsUser: { value: 65_534n } } };
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"], { linux }));
    expect(await run(id, "cat /etc/resolv.conf")).toBe(
      "search ns.svc.cluster.local\nnameserver 192.0.2.53\noptions ndots:5\n",
    );
    expect(await run(id, "cat /etc/hosts /etc/hostname")).toContain("demo");
  });

  it("are the host's when none are asked for", async () => {
    const id = await startContainer(test, await runPod(test), containerConfig(["sleep", "1000"]));
    expect(await run(id, "cat /etc/resolv.conf")).toBe(await hostResolvConf({ ownNetwork: true }));
  });
});
