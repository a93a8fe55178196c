import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { NamespaceMode } from "../../../src/proto.js";
import { containerConfig, podConfig, runPod, startContainer } from "../support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

const run = promisify(execFile);
let test: TestRuntime;

beforeAll(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
});

async function read(containerId: string, script: string): Promise<string> {
  const { stdout } = await test.runtime.execSync({ containerId, cmd: ["sh", "-c", script] });
  return Buffer.from(stdout).toString();
}

describe("RunPodSandbox", () => {
  it("shares hostname, hosts, DNS settings and 64 MiB of memory among the pod's containers", async () => {
    const pod = await runPod(test, {
      hostname: "web-0",
      dnsConfig: { servers: ["192.0.2.1"], searches: ["a.test", "b.test"], options: ["ndots:5"] },
    });
    const one = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const two = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(await read(one, "hostname; cat /etc/hostname")).toBe("web-0\nweb-0\n");
    expect(await read(one, "cat /etc/resolv.conf")).toBe(
      "search a.test b.test\nnameserver 192.0.2.1\noptions ndots:5\n",
    );
    expect(await read(one, "cat /etc/hosts")).toContain(`${status?.network?.ip}\tweb-0\n`);
    await read(one, "echo shared > /dev/shm/note");
    expect(await read(two, "cat /dev/shm/note; df -k /dev/shm | awk 'NR==2{print $2}'")).toBe(
      "shared\n65536\n",
    );
  });

  it("takes the host's DNS settings when the request has none", async () => {
    const pod = await runPod(test);
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    expect(await read(id, "cat /etc/resolv.conf")).toBe(await readFile("/etc/resolv.conf", "utf8"));
  });

  it("sets what it is asked to of the pod's interface, once that is there", async () => {
    const pod = await runPod(test, { linux: { sysctls: { "net/ipv4/conf/eth0/arp_notify": "1" } } });
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    expect(await read(id, "cat /proc/sys/net/ipv4/conf/eth0/arp_notify")).toBe("1\n");
  });

  it("gives each pod an address that the host reaches", async () => {
    const pod = await runPod(test);
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    const ip = status?.network?.ip ?? "";
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"]));
    expect(await read(id, "ip -4 -o addr show eth0")).toContain(`inet ${ip}/24`);
    await startContainer(
      test,
      pod,
      containerConfig(["sh", "-c", "while :; do echo served | nc -l -p 8080; done"]),
    );
    const client = `for i in $(seq 50); do exec 3<>/dev/tcp/${ip}/8080 && cat <&3 && exit; sleep 0.1; done`;
    const { stdout } = await run("bash", ["-c", client]);
    expect(stdout).toBe("served\n");
  });

  it("on the node's network has the node's hostname and no address of its own", async () => {
    const namespaceOptions = { network: NamespaceMode.NODE, pid: NamespaceMode.CONTAINER };
    const linux = { securityContext: { namespaceOptions } };
    const pod = await runPod(test, { linux });
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId: pod });
    expect(status?.network?.ip).toBe("");
    expect(status?.linux?.namespaces?.options?.network).toBe(NamespaceMode.NODE);
    const id = await startContainer(test, pod, containerConfig(["sleep", "1000"], { linux }));
    expect(await read(id, "hostname")).toBe(`${hostname()}\n`);
    expect(await read(id, "ls /sys/class/net | grep -c lo")).toBe("1\n");
  });

  it.each([
    ["config", undefined],
    ["config.metadata", { metadata: undefined }],
    ["config.metadata.name", { metadata: { namespace: "n", uid: "u" } }],
    ["config.metadata.namespace", { metadata: { name: "n", uid: "u" } }],
    ["config.metadata.uid", { metadata: { name: "n", namespace: "u" } }],
  ])("refuses a request without %s, naming it", async (field, config) => {
    const refused = test.runtime.runPodSandbox(config ? { config } : {});
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(refused).rejects.toThrow(`${field} is required`);
  });

  it("refuses a handler that is not configured, naming those that are", async () => {
    const refused = test.runtime.runPodSandbox({ config: podConfig(test), runtimeHandler: "kata" });
    await expect(refused).rejects.toThrow('"kata" is not configured, known are runc');
  });
});
