import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { NamespaceMode, PodSandboxState } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { type NetworkPlugin, networkPlugin } from "../support/network-plugin.js";
import { podConfig, runPod } from "../support/pods.js";
import { startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let plugin: NetworkPlugin;
let test: TestRuntime;

beforeAll(async () => {
  plugin = await networkPlugin();
  test = await startTestRuntime(plugin.config);
});

afterAll(async () => {
  expect(await test.end()).toEqual([]);
  await plugin.remove();
});

async function listed() {
  const { items } = await test.runtime.listPodSandbox({});
  return items.map(({ id, state }) => [id, state]);
}

describe("a network plugin that fails", () => {
  it("at ADD leaves nothing of the pod, not even its name", async () => {
    await plugin.fail("ADD");
    const config = podConfig(test);
    await expect(test.runtime.runPodSandbox({ config })).rejects.toThrow("no address left");
    expect(await listed()).toEqual([]);
    expect(await readdir(join(test.directory, "root/sandboxes"))).toEqual([]);
    expect(await readdir(join(test.directory, "state/sandboxes"))).toEqual([]);
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    expect(mounts).not.toContain(`${test.directory}/state/sandboxes`);
    expect(await plugin.calls()).toContain("DEL");
    await plugin.fail();
    const { podSandboxId } = await test.runtime.runPodSandbox({ config });
    const { status } = await test.runtime.podSandboxStatus({ podSandboxId });
    expect(status?.network?.ip).toBe("192.0.2.7");
    await test.runtime.removePodSandbox({ podSandboxId });
  });

  it("at DEL fails the stop, keeps the pod listed, and a later stop finishes it", async () => {
    const pod = await runPod(test);
    await plugin.fail("DEL");
    await expect(test.runtime.stopPodSandbox({ podSandboxId: pod })).rejects.toThrow("no address left");
    expect(await listed()).toEqual([[pod, PodSandboxState.SANDBOX_NOTREADY]]);
    await expect(test.runtime.removePodSandbox({ podSandboxId: pod })).rejects.toThrow("no address left");
    expect(await listed()).toEqual([[pod, PodSandboxState.SANDBOX_NOTREADY]]);
    await plugin.fail();
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    expect(await listed()).toEqual([]);
  });

  it("at DEL is asked until a stop has succeeded, and by the removal after it no more", async () => {
    const pod = await runPod(test);
    const before = (await plugin.calls()).length;
    await plugin.fail("DEL");
    await expect(test.runtime.stopPodSandbox({ podSandboxId: pod })).rejects.toThrow("no address left");
    await plugin.fail();
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    expect((await plugin.calls()).slice(before)).toEqual(["DEL", "DEL"]);
  });

  it("at ADD and at DEL keeps what could not be undone listed, for a removal to finish", async () => {
    await plugin.fail("ADD", "DEL");
    const config = podConfig(test);
    await expect(test.runtime.runPodSandbox({ config })).rejects.toThrow("no address left");
    const [kept] = await listed();
    expect(kept?.[1]).toBe(PodSandboxState.SANDBOX_NOTREADY);
    await plugin.fail();
    await test.runtime.removePodSandbox({ podSandboxId: String(kept?.[0]) });
    const { podSandboxId } = await test.runtime.runPodSandbox({ config });
    await test.runtime.removePodSandbox({ podSandboxId });
  });

  it("names the plugin and its network", async () => {
    await plugin.fail("ADD");
    await expect(runPod(test)).rejects.toThrow(
      "CNI ADD by plugin counting of network counting failed: no address left",
    );
    await plugin.fail();
  });

  it("by printing nonsense leaves nothing of the pod", async () => {
    await plugin.answer("all went well");
    await expect(runPod(test)).rejects.toThrow(
      "CNI ADD by plugin counting of network counting failed: its result is not JSON: all went well",
    );
    await plugin.answer('{"cniVersion": "1.0.0"}');
    await expect(runPod(test)).rejects.toThrow("CNI network counting gave the pod no address on eth0");
    await plugin.answer('{"cniVersion": "1.0.0", "ips": [{"address": "192.0.2.7/24"}]}');
    expect(await listed()).toEqual([]);
    expect(await readdir(join(test.directory, "state/cni"))).toEqual([]);
  });

  it("to end is killed when the caller goes, and nothing of the pod is left", async () => {
    await plugin.hang("ADD");
    const abort = new AbortController();
    const running = test.runtime.runPodSandbox({ config: podConfig(test) }, { signal: abort.signal });
    const rejected = expect(running).rejects.toThrow("gone");
    await until("the plugin hangs", async () => (await plugin.hanging()) !== undefined);
    abort.abort(new Error("The caller has gone"));
    await rejected;
    const pid = await plugin.hanging();
    await until("the plugin has ended", () => !existsSync(`/proc/${pid}`));
    const sandboxes = () => readdir(join(test.directory, "root/sandboxes"));
    await until("nothing is left of the pod", async () => (await sandboxes()).length === 0);
    expect((await plugin.calls()).at(-1)).toBe("DEL");
    expect(await listed()).toEqual([]);
    await plugin.hang();
    await test.runtime.removePodSandbox({ podSandboxId: await runPod(test) });
  });

  it("is not asked for a pod on the node's network", async () => {
    await plugin.fail("ADD", "DEL");
    const calls = await plugin.calls();
    const namespaceOptions = { network: NamespaceMode.NODE, pid: NamespaceMode.CONTAINER };
    const pod = await runPod(test, { linux: { securityContext: { namespaceOptions } } });
    await test.runtime.stopPodSandbox({ podSandboxId: pod });
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    expect(await plugin.calls()).toEqual(calls);
    await plugin.fail();
  });

  it("at DEL while the daemon starts again is asked again by a later removal", async () => {
    const pod = await runPod(test);
    await plugin.fail("DEL");
    await expect(test.runtime.removePodSandbox({ podSandboxId: pod })).rejects.toThrow("no address left");
    await test.restart();
    expect(await listed()).toEqual([[pod, PodSandboxState.SANDBOX_NOTREADY]]);
    await plugin.fail();
    await test.runtime.removePodSandbox({ podSandboxId: pod });
    expect(await listed()).toEqual([]);
    expect(await readdir(join(test.directory, "state/cni"))).toEqual([]);
  });
});
