import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { until } from "../../support/until.js";
import { ask, ipOf, netnsOf, serveEcho } from "../support/echo.js";
import { type IsolatedRuntime, startIsolatedRuntime } from "../support/isolated-runtime.js";
import { type NetworkPlugin, networkPlugin } from "../support/network-plugin.js";
import { inPlace, makeOutside } from "../support/outside.js";
import { podConfig, runPod } from "../support/pods.js";

describe("the built-in network of a daemon that was killed", () => {
  let test: IsolatedRuntime;
  beforeAll(async () => {
    test = await startIsolatedRuntime();
  });
  afterEach(async () => {
    const { items } = await test.runtime.listPodSandbox({});
    for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
  });
  afterAll(async () => expect(await test.end()).toEqual([]));

  it("serves on meanwhile and after the next start, and gives no address twice", async () => {
    const pod = await runPod(test, { portMappings: [{ hostPort: 8083, containerPort: 8080 }] });
    await using outside = await makeOutside(test.host);
    await using _server = await serveEcho(await netnsOf(test, pod), { name: "pod" });
    const question = { from: outside.netns, host: outside.hostAddress, port: 8083 };
    await test.killAndRestart(async () => {
      expect(await ask(question)).toBe(`pod ${outside.address}`);
    });
    expect(await ask(question)).toBe(`pod ${outside.address}`);
    const other = await runPod(test);
    expect(await ipOf(test, other)).not.toBe(await ipOf(test, pod));
  });

  it("has addresses and host ports of pods whose records are lost freed by the next start", async () => {
    const pod = await runPod(test, { portMappings: [{ hostPort: 8084, containerPort: 8080 }] });
    const ip = await ipOf(test, pod);
    const leases = join(test.directory, "state/leases/crikit-crikit0");
    expect(existsSync(join(leases, ip))).toBe(true);
    await test.killAndRestart(() => rm(join(test.directory, "root/sandboxes", pod), { recursive: true }));
    expect(existsSync(join(leases, ip))).toBe(false);
    expect(await inPlace(test.host, "iptables-save")).not.toContain("8084");
    expect(await inPlace(test.host, "ip", "link", "show", "type", "veth")).toBe("");
    expect(existsSync(join(test.directory, "state/sandboxes", pod))).toBe(false);
  });
});

describe("a plugin whose daemon is killed", () => {
  let plugin: NetworkPlugin;
  let test: IsolatedRuntime;
  beforeAll(async () => {
    plugin = await networkPlugin();
    const { cniConfDir = "", cniPluginDirs = [] } = plugin.config;
    const flags = ["--cni-conf-dir", cniConfDir, "--cni-plugin-dir", cniPluginDirs.join()];
    test = await startIsolatedRuntime(flags);
  });
  afterAll(async () => {
    expect(await test.end()).toEqual([]);
    await plugin.remove();
  });

  it("is ended by the next one, which has what it made freed", async () => {
    await plugin.hang("ADD");
    const failed = expect(test.runtime.runPodSandbox({ config: podConfig(test) })).rejects.toThrow();
    await until("the plugin hangs", async () => (await plugin.hanging()) !== undefined);
    const pid = await plugin.hanging();
    await test.killAndRestart(() => failed);
    await until("the plugin has been reaped", () => !existsSync(`/proc/${pid}`));
    expect((await plugin.calls()).at(-1)).toBe("DEL");
    expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
    await plugin.hang();
    await test.runtime.removePodSandbox({ podSandboxId: await runPod(test) });
  });
});
