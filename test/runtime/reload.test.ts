import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { defaultConfig, type HandlerConfig } from "../../src/runtime/index.js";
import { networkPlugin } from "./support/network-plugin.js";
import { containerConfig, podConfig, runPod, startContainer, statusOf } from "./support/pods.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "./support/test-runtime.js";

const runc = defaultConfig.handlers.runc as HandlerConfig;
let test: TestRuntime;

beforeEach(async () => {
  test = await startTestRuntime();
  await pullBusybox(test);
});

afterEach(async () => {
  expect(await test.end()).toEqual([]);
});

function lastLine(): Record<string, unknown> {
  return JSON.parse(test.log.at(-1) ?? "");
}

async function shownConfig(): Promise<Record<string, unknown>> {
  const { info } = await test.runtime.status({ verbose: true });
  return JSON.parse(info.config ?? "");
}

async function handlerNames(): Promise<string[]> {
  const { runtimeHandlers } = await test.runtime.status({});
  return runtimeHandlers.map(({ name }) => name).sort();
}

describe("A reload", () => {
  it("puts in force what can be, and says what has changed and what needs a restart", async () => {
    await test.reload({ insecureRegistries: ["r.test:5000"], bridge: "other0", logLevel: "info" });
    expect(lastLine()).toMatchObject({ changed: ["insecure-registries"], needRestart: ["bridge"] });
    expect(await shownConfig()).toMatchObject({
      insecureRegistries: ["r.test:5000"],
      bridge: test.config.bridge,
      stateDir: test.config.state,
    });
    await test.reload({});
    expect(lastLine()).toMatchObject({ changed: ["insecure-registries"], needRestart: [] });
  });

  it("changes the level of the log", async () => {
    await test.reload({ logLevel: "warn" });
    const lines = test.log.length;
    await runPod(test);
    expect(test.log).toHaveLength(lines);
    await test.reload({ logLevel: "debug" });
    await test.runtime.version({});
    expect(lastLine().message).toBe("Version done");
  });

  it("brings handlers and takes them away, unless a pod needs them", async () => {
    await test.reload({ handlers: { runc, second: runc }, defaultHandler: "second" });
    expect(await handlerNames()).toEqual(["", "runc", "second"]);
    const config = podConfig(test);
    const { podSandboxId } = await test.runtime.runPodSandbox({ config, runtimeHandler: "second" });
    const byDefault = await runPod(test);
    await expect(test.reload({})).rejects.toThrow('handlers: "second" is missing, which pod');
    expect(await handlerNames()).toEqual(["", "runc", "second"]);
    await test.runtime.removePodSandbox({ podSandboxId });
    await expect(test.reload({})).rejects.toThrow(byDefault);
    // Under another default handler it is still the one that made it who ends it.
    await test.reload({ handlers: { runc, second: runc }, defaultHandler: "runc" });
    await startContainer(test, byDefault, containerConfig(["sleep", "60"]));
    await test.runtime.removePodSandbox({ podSandboxId: byDefault });
    await test.reload({});
    expect(await handlerNames()).toEqual(["", "runc"]);
  });

  it.each([
    [
      "a handler's program is missing",
      { handlers: { runc: { ...runc, path: "no-such" } } },
      "handlers.runc.path",
    ],
    [
      "the registries' file is missing",
      { registriesConf: "/no/such/file" },
      "registries-conf: /no/such/file",
    ],
    ["a value cannot be", { subnet: "10" }, "subnet"],
    ["the seccomp profile is none", { seccompProfile: "BROKEN" }, "seccomp profile"],
  ])("changes nothing when %s", async (_what, wrong, message) => {
    const broken = join(test.directory, "broken.json");
    await writeFile(broken, "{}");
    const more = "seccompProfile" in wrong ? { seccompProfile: broken } : wrong;
    const before = await shownConfig();
    await expect(test.reload({ ...more, insecureRegistries: ["x"] })).rejects.toThrow(message);
    expect(await shownConfig()).toEqual(before);
    await runPod(test);
  });

  it("changes the network of new pods; those that are there leave the one they are in", async () => {
    const plugin = await networkPlugin();
    const before = await runPod(test);
    const { cniConfDir, cniPluginDirs = [] } = plugin.config;
    // Who is in the old network needs its plugins to leave it.
    await test.reload({ cniConfDir, cniPluginDirs: [...cniPluginDirs, ...defaultConfig.cniPluginDirs] });
    const after = await runPod(test);
    const address = async (podSandboxId: string) =>
      (await test.runtime.podSandboxStatus({ podSandboxId })).status?.network?.ip;
    expect(await address(after)).toBe("192.0.2.7");
    await test.runtime.removePodSandbox({ podSandboxId: before });
    await test.runtime.removePodSandbox({ podSandboxId: after });
    expect(await plugin.calls()).toEqual(["ADD", "DEL"]);
    await plugin.remove();
  });

  it("does not touch calls under way", async () => {
    const pod = await runPod(test);
    const containerId = await startContainer(test, pod, containerConfig(["sleep", "60"]));
    const exec = test.runtime.execSync({
      containerId,
      cmd: ["sh", "-c", "sleep 1; echo done"],
      timeout: 30n,
    });
    const pods = [1, 2, 3].map(() => runPod(test));
    for (const insecureRegistries of [["a"], ["b"], ["c"]]) await test.reload({ insecureRegistries });
    expect(Buffer.from((await exec).stdout).toString()).toBe("done\n");
    await Promise.all(pods);
    expect((await statusOf(test, containerId)).state).toBe(1);
  });
});
