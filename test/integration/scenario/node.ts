import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

export function nodeScenarios(subject: () => Subject): void {
  test("verbose info has the runtime's configuration as data", async () => {
    const { cri } = subject();
    expect((await cri.info()).info).toEqual({});
    const { info, raw } = await cri.info({ verbose: true });
    expect(info.config).toMatchObject({ stateDir: expect.stringMatching(/^\//) });
    expect(JSON.parse(raw.info.config ?? "")).toEqual(info.config);
  });

  test("there is a handler without a name: the default one", async () => {
    const { cri, behaviour } = subject();
    const { handlers } = await cri.info();
    if (behaviour.listsHandlers) expect(handlers.map(({ name }) => name)).toContain("");
    else expect(handlers).toEqual([]);
  });

  test("verbose status of pods and containers has what inspect shows", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("verbose");
    const container = await runScript(pod, "sleep 1000");
    expect((await container.status()).info).toEqual({});
    expect((await container.status({ verbose: true })).info.info).toMatchObject({ sandboxID: pod.id });
    expect((await pod.status()).info).toEqual({});
    const { info } = (await pod.status({ verbose: true })).info;
    expect(info).toMatchObject({ config: { metadata: { name: "verbose" } } });
  });

  test("the cgroup driver can be asked for", async () => {
    const { cri, behaviour } = subject();
    if (behaviour.runtimeConfig === "unsupported") {
      await expect(cri.runtimeConfig()).rejects.toMatchObject({ code: "unsupported" });
    } else expect((await cri.runtimeConfig()).cgroupDriver).toMatch(/^(systemd|cgroupfs)$/);
  });

  test("pod addresses can be proposed", async () => {
    await subject().cri.updateRuntimeConfig({ podCidr: "10.244.1.0/24" });
  });
}
