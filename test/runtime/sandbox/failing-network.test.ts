import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { PodSandboxState } from "../../../src/proto.js";
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

  it("at ADD and at DEL keeps what could not be undone listed, for a removal to finish", async () => {
    await plugin.fail("ADD", "DEL");
    const config = podConfig(test);
    await expect(test.runtime.runPodSandbox({ config })).rejects.toThrow("no address left");
    const [kept] = await listed();
    expect(kept?.[1]).toBe(PodSandboxState.SANDBOX_NOTREADY);
    await plugin.fail();
    await test.runtime.removePodSandbox({ podSandboxId: String(kept?.[0]) });
    await test.runtime.runPodSandbox({ config });
  });
});
