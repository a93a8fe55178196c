import { randomInt } from "node:crypto";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { Protocol } from "../../../src/proto.js";
import { ask, ipOf, netnsOf, type Place, serveEcho } from "../support/echo.js";
import { inPlace, makeOutside, type Outside } from "../support/outside.js";
import { podConfig, runPod } from "../support/pods.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

/** Below those that the kernel gives out. Others run these tests at the same time. */
const firstPort = randomInt(20_000, 32_000);

let test: TestRuntime;
let outside: Outside;

beforeAll(async () => {
  test = await startTestRuntime();
  outside = await makeOutside();
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

/** Who answers: the name alone, as the address seen depends on the way. */
async function whoAnswers(host: string, port: number, protocol: "tcp" | "udp" = "tcp", from?: Place) {
  return (await ask({ from, host, port, protocol, limitMs: 1000 })).split(" ")[0];
}

function hostAddress(): string {
  return outside.hostAddress;
}

async function rulesFor(pod: string): Promise<string[]> {
  const rules = (await inPlace(undefined, "iptables-save", "-t", "nat")).split("\n");
  return rules.filter((rule) => rule.includes(pod));
}

describe("host ports", () => {
  it.each(["tcp", "udp"] as const)(
    "lead from wherever the host is asked to the pod, by %s",
    async (protocol) => {
      const hostPort = firstPort;
      const pod = await runPod(test, {
        portMappings: [
          { hostPort, containerPort: 8080, protocol: protocol === "udp" ? Protocol.UDP : Protocol.TCP },
        ],
      });
      await using _server = await serveEcho(await netnsOf(test, pod), { name: "pod" });
      expect(await whoAnswers("127.0.0.1", hostPort, protocol)).toBe("pod");
      expect(await whoAnswers(hostAddress(), hostPort, protocol)).toBe("pod");
      expect(await whoAnswers(hostAddress(), hostPort, protocol, outside.netns)).toBe("pod");
      // Another pod, and the pod itself.
      const other = await runPod(test);
      expect(await whoAnswers(hostAddress(), hostPort, protocol, await netnsOf(test, other))).toBe("pod");
      expect(await whoAnswers(hostAddress(), hostPort, protocol, await netnsOf(test, pod))).toBe("pod");
    },
  );

  it("show the pod who asks from another machine", async () => {
    const hostPort = firstPort + 1;
    const pod = await runPod(test, { portMappings: [{ hostPort, containerPort: 8080 }] });
    await using _server = await serveEcho(await netnsOf(test, pod), { name: "pod" });
    const answer = await ask({ from: outside.netns, host: hostAddress(), port: hostPort });
    expect(answer).toBe(`pod ${outside.address}`);
  });

  it("are on the one address that is asked for, so that two pods may have the same elsewhere", async () => {
    const hostPort = firstPort + 2;
    const mapping = (hostIp: string) => ({ portMappings: [{ hostPort, containerPort: 8080, hostIp }] });
    const near = await runPod(test, mapping("127.0.0.1"));
    const far = await runPod(test, mapping(hostAddress()));
    await using _near = await serveEcho(await netnsOf(test, near), { name: "near" });
    await using _far = await serveEcho(await netnsOf(test, far), { name: "far" });
    expect(await whoAnswers("127.0.0.1", hostPort)).toBe("near");
    expect(await whoAnswers(hostAddress(), hostPort)).toBe("far");
    expect(await whoAnswers(hostAddress(), hostPort, "tcp", outside.netns)).toBe("far");
  });

  it("are refused to a second pod, naming port and holder, and nothing of it is left", async () => {
    const hostPort = firstPort + 3;
    const first = await runPod(test, { portMappings: [{ hostPort, containerPort: 80 }] });
    const second = podConfig(test, { portMappings: [{ hostPort, containerPort: 81, hostIp: "127.0.0.1" }] });
    const refused = test.runtime.runPodSandbox({ config: second });
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(refused).rejects.toThrow(
      `Host port ${hostPort}/tcp is held by sandbox ${first} (pod default/demo): stop that one first`,
    );
    const { items } = await test.runtime.listPodSandbox({});
    expect(items.map(({ id }) => id)).toEqual([first]);
    await test.runtime.stopPodSandbox({ podSandboxId: first });
    expect(await rulesFor(first)).toEqual([]);
    const { podSandboxId } = await test.runtime.runPodSandbox({ config: second });
    await using _server = await serveEcho(await netnsOf(test, podSandboxId), { name: "second", port: 81 });
    expect(await whoAnswers("127.0.0.1", hostPort)).toBe("second");
  });

  it("go to one of two pods that ask at the same time", async () => {
    const portMappings = [{ hostPort: firstPort + 4, containerPort: 80 }];
    const asked = await Promise.allSettled([runPod(test, { portMappings }), runPod(test, { portMappings })]);
    expect(asked.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("are still known to be taken by a daemon that starts again", async () => {
    const portMappings = [{ hostPort: firstPort + 5, containerPort: 80 }];
    const pod = await runPod(test, { portMappings });
    await test.restart();
    await expect(runPod(test, { portMappings })).rejects.toThrow(`is held by sandbox ${pod}`);
  });

  it("may be the same for TCP and UDP, and twice only then", async () => {
    const both = (protocol: Protocol) => ({ hostPort: firstPort + 6, containerPort: 8080, protocol });
    const pod = await runPod(test, { portMappings: [both(Protocol.TCP), both(Protocol.UDP)] });
    await using _server = await serveEcho(await netnsOf(test, pod), { name: "pod" });
    expect(await whoAnswers("127.0.0.1", firstPort + 6, "tcp")).toBe("pod");
    expect(await whoAnswers("127.0.0.1", firstPort + 6, "udp")).toBe("pod");
    const twice = [
      { hostPort: firstPort + 7, containerPort: 80 },
      { hostPort: firstPort + 7, containerPort: 81 },
    ];
    await expect(runPod(test, { portMappings: twice })).rejects.toThrow(
      `Host port ${firstPort + 7}/tcp is asked for twice`,
    );
  });

  it("do not answer any more once the pod is stopped", async () => {
    const hostPort = firstPort + 8;
    const pod = await runPod(test, { portMappings: [{ hostPort, containerPort: 8080 }] });
    const netns = await netnsOf(test, pod);
    const ip = await ipOf(test, pod);
    {
      await using _server = await serveEcho(netns, { name: "pod" });
      expect(await whoAnswers("127.0.0.1", hostPort)).toBe("pod");
    }
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    expect(await rulesFor(pod)).toEqual([]);
    expect((await inPlace(undefined, "iptables-save")).includes(`${ip}:8080`)).toBe(false);
    expect(await ask({ host: "127.0.0.1", port: hostPort, limitMs: 1000 })).toBe("failed: ECONNREFUSED");
  });

  it.each([
    ["host_port", { hostPort: 70_000, containerPort: 80 }, "70000 is not a port"],
    ["container_port", { hostPort: firstPort + 9 }, "0 is not a port"],
    [
      "host_ip",
      { hostPort: firstPort + 9, containerPort: 80, hostIp: "localhost" },
      '"localhost" is not an IP address',
    ],
    [
      "protocol",
      { hostPort: firstPort + 9, containerPort: 80, protocol: 9 },
      "9 is none of TCP, UDP and SCTP",
    ],
  ])("are refused with a %s that is none, naming it", async (field, mapping, why) => {
    const refused = runPod(test, { portMappings: [{ hostPort: 0, containerPort: 80 }, mapping] });
    await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(refused).rejects.toThrow(`config.port_mappings[1].${field}: ${why}`);
  });
});
