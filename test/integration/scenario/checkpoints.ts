import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Container, ContainerConfig } from "crikit";
import { expect, test } from "vitest";
import { until } from "../../support/until.js";
import type { Subject } from "./subject.js";

export function checkpointScenarios(subject: () => Subject): void {
  test("a running container is written to an archive, or the runtime says that it cannot", async () => {
    const { runPod, runScript, behaviour } = subject();
    await using pod = await runPod("checkpoint");
    const container = await runScript(pod, "sleep 1000");
    const directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
    try {
      const path = join(directory, "checkpoint.tar");
      const made = container.checkpoint({ path, timeoutMs: 60_000 });
      if (behaviour.checkpoints === "made") {
        await made;
        const { size, mode } = await stat(path);
        expect([size > 0, mode & 0o777]).toEqual([true, 0o600]);
      } else await expect(made).rejects.toMatchObject({ code: behaviour.checkpoints });
      expect((await container.status()).state).toBe("running");
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("the running containers of a pod are written to a directory, or the runtime says that it cannot", async () => {
    const { runPod, runScript, behaviour } = subject();
    await using pod = await runPod("pod-checkpoint");
    const one = await runScript(pod, "sleep 1000", { metadata: { name: "one" } });
    const two = await runScript(pod, "sleep 1000", { metadata: { name: "two" } });
    const ended = await runScript(pod, "exit 0", { metadata: { name: "ended" } });
    await ended.wait();
    const path = await mkdtemp(join(tmpdir(), "crikit-test-"));
    try {
      const made = pod.checkpoint({ path, timeoutMs: 60_000 });
      if (behaviour.podCheckpoints === "made") {
        await made;
        const names = await readdir(path);
        expect(names).toEqual(expect.arrayContaining([one.id, two.id]));
        expect(names).not.toContain(ended.id);
        await expect(pod.checkpoint({ path })).rejects.toMatchObject({ code: "invalid_argument" });
      } else {
        await expect(made).rejects.toMatchObject({ code: behaviour.podCheckpoints });
        expect(await readdir(path)).toEqual([]);
      }
      for (const container of [one, two]) expect((await container.status()).state).toBe("running");
    } finally {
      await rm(path, { recursive: true });
    }
  });

  test("a pod made from that directory has its containers, to be started, or the runtime says that it cannot", async () => {
    const { cri, image, runPod, behaviour } = subject();
    const path = await mkdtemp(join(tmpdir(), "crikit-test-"));
    const main = { metadata: { name: "main" }, image: { image }, command: ["sleep", "1000"] };
    const restored = (containers: ContainerConfig[]) =>
      cri.pods.restore({ metadata: { name: "restored" } }, { path: join(path, "made"), containers });
    try {
      if (behaviour.podRestores !== "made" && behaviour.podRestores !== "begun anew") {
        await expect(restored([main])).rejects.toMatchObject({ code: behaviour.podRestores });
        return;
      }
      await mkdir(join(path, "made"));
      {
        await using pod = await runPod("to-restore");
        await pod.runContainer(main);
        await pod.checkpoint({ path: join(path, "made") });
      }
      const other = { ...main, metadata: { name: "other" } };
      for (const wrong of [[], [other], [main, other], [main, main], [{ ...main, command: ["true"] }]]) {
        await expect(restored(wrong)).rejects.toMatchObject({ code: "invalid_argument" });
      }
      expect(await cri.pods.list({ name: "restored" })).toEqual([]);
      await using pod = await restored([main]);
      const containers = await pod.containers();
      expect(containers.map(({ listed: { state, metadata } }) => [state, metadata.name])).toEqual([
        ["created", "main"],
      ]);
      await containers[0]?.start();
      expect((await containers[0]?.status())?.state).toBe("running");
    } finally {
      await rm(path, { recursive: true });
    }
  });

  test("a pod made from that directory runs on from where it was, or the runtime says that it cannot", async () => {
    const { cri, image, runPod, behaviour } = subject();
    const path = await mkdtemp(join(tmpdir(), "crikit-test-"));
    // Renamed into place: a file that is being written anew is empty for a moment.
    const step = "i=$((i+1)); echo $i > /next; mv /next /count; sleep 0.02";
    const script = `echo begun >> /begun; i=0; while :; do ${step}; done`;
    const main = { metadata: { name: "main" }, image: { image }, command: ["sh", "-c", script] };
    const count = async (container: Container) =>
      Number((await container.exec(["sh", "-c", "cat /count || echo 0"])).stdout);
    const restored = () =>
      cri.pods.restore(
        { metadata: { name: "restored" }, logDirectory: join(path, "logs") },
        { path: join(path, "made"), containers: [main] },
      );
    try {
      if (behaviour.podRestores !== "made") {
        // Nothing of what was in the memory comes back.
        await expect(restored()).rejects.toThrow();
        return;
      }
      await mkdir(join(path, "made"));
      let before = 0;
      {
        await using pod = await runPod("to-restore");
        const container = await pod.runContainer(main);
        await until("it counts", async () => (await count(container)) > 5);
        before = await count(container);
        await pod.checkpoint({ path: join(path, "made") });
      }
      await using pod = await restored();
      const [container] = await pod.containers();
      if (!container) throw new Error("The pod has no container");
      expect((await container.status()).state).toBe("created");
      await container.start();
      expect(await count(container)).toBeGreaterThanOrEqual(before);
      expect((await container.exec(["cat", "/begun"])).stdout).toBe("begun\n");
    } finally {
      await rm(path, { recursive: true });
    }
  });

  test("a path that is not absolute is refused", async () => {
    const container = subject().cri.containers.get("0".repeat(64));
    const restored = subject().cri.pods.restore(
      { metadata: { name: "a" } },
      { path: "here", containers: [] },
    );
    for (const refused of [container.checkpoint({ path: "checkpoint.tar" }), restored]) {
      await expect(refused).rejects.toMatchObject({ code: "invalid_argument", field: "path" });
    }
  });
}
