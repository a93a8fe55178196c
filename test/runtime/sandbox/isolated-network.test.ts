import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ask, ipOf, netnsOf, serveEcho } from "../support/echo.js";
import { type IsolatedRuntime, startIsolatedRuntime } from "../support/isolated-runtime.js";
import { inPlace, makeOutside, type Outside } from "../support/outside.js";
import { runPod } from "../support/pods.js";

let test: IsolatedRuntime;
let outside: Outside;

beforeAll(async () => {
  test = await startIsolatedRuntime();
  outside = await makeOutside(test.host);
  // As Docker leaves a host, and a firewall besides.
  await inPlace(test.host, "iptables", "-P", "FORWARD", "DROP");
  await inPlace(test.host, "iptables", "-A", "FORWARD", "-j", "REJECT");
});

afterEach(async () => {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  expect(await test.end()).toEqual([]);
});

describe("on a host that forwards nothing by itself", () => {
  it("pods reach other machines and each other", async () => {
    const [one, other] = [await runPod(test), await runPod(test)];
    const from = await netnsOf(test, one);
    await using _outside = await serveEcho(outside.netns, { name: "outside" });
    await using _other = await serveEcho(await netnsOf(test, other), { name: "other" });
    for (const protocol of ["tcp", "udp"] as const) {
      expect(await ask({ from, host: outside.address, port: 8080, protocol })).toBe(
        `outside ${outside.hostAddress}`,
      );
      expect(await ask({ from, host: await ipOf(test, other), port: 8080, protocol })).toBe(
        `other ${await ipOf(test, one)}`,
      );
    }
  });

  it("other machines reach a pod by its host ports alone", async () => {
    const pod = await runPod(test, { portMappings: [{ hostPort: 8081, containerPort: 8080 }] });
    await using _server = await serveEcho(await netnsOf(test, pod), { name: "pod" });
    const from = outside.netns;
    expect(await ask({ from, host: outside.hostAddress, port: 8081 })).toBe(`pod ${outside.address}`);
    const ip = await ipOf(test, pod);
    await inPlace(outside.netns, "ip", "route", "add", ip, "via", outside.hostAddress);
    expect(await ask({ from, host: ip, port: 8080, limitMs: 1000 })).toMatch(/^failed: /);
  });

  it("and from which somebody flushes all rules, the next pod makes them again", async () => {
    const pod = await runPod(test);
    await inPlace(test.host, "sh", "-c", "iptables -F; iptables -t nat -F");
    await using _outside = await serveEcho(outside.netns, { name: "outside" });
    const question = { from: await netnsOf(test, pod), host: outside.address, port: 8080, limitMs: 1000 };
    expect(await ask(question)).toMatch(/^failed: /);
    await runPod(test);
    expect(await ask(question)).toBe(`outside ${outside.hostAddress}`);
  });
});
