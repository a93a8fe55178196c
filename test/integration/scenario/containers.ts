import type { OwnedContainer } from "crikit";
import { expect, test } from "vitest";
import type { Abilities } from "./behaviour.js";
import type { Subject } from "./subject.js";
import { testWhere } from "./test-where.js";

export function containerScenarios(subject: () => Subject, able: Abilities): void {
  test("a container is created, running, exited, and gone", async () => {
    const { image, runPod } = subject();
    await using pod = await runPod("states");
    const container = await pod.createContainer({
      metadata: { name: "main" },
      image: { image },
      // Not at once: containerd takes the start's time when it has been told of it.
      command: ["sh", "-c", "sleep 0.5"],
    });
    const created = await container.status();
    expect(created).toMatchObject({ state: "created", startedAt: undefined, exitCode: undefined });
    await container.start();
    expect(await container.wait()).toMatchObject({ exitCode: 0, reason: "Completed" });
    const exited = await container.status();
    expect(exited.state).toBe("exited");
    const times = [exited.createdAt, exited.startedAt, exited.finishedAt].map((time) => Number(time));
    expect(times).toEqual([...times].sort());
    await container.remove();
    await expect(container.status()).rejects.toMatchObject({ code: "not_found" });
  });

  test.each([
    ["its own", "exit 3", 3],
    ["that of a signal that ended a child", "sh -c 'kill -9 $$'; exit $?", 137],
    ["the largest", "exit 255", 255],
  ])("the exit code is %s", async (_what, script, exitCode) => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("codes");
    const container = await runScript(pod, script);
    expect(await container.wait()).toMatchObject({ exitCode, reason: "Error" });
  });

  test("stop sends TERM and waits within the grace period", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("grace");
    const container = await runScript(pod, "trap 'exit 5' TERM; echo set; while true; do sleep 0.1; done");
    await saysSet(container);
    await container.stop({ gracePeriodMs: 10_000 });
    expect((await container.status()).exitCode).toBe(5);
  });

  test("stop kills what does not go within the grace period", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("stubborn");
    const container = await runScript(pod, "trap '' TERM; echo set; while true; do sleep 0.1; done");
    await saysSet(container);
    await container.stop({ gracePeriodMs: 1000 });
    expect((await container.status()).exitCode).toBe(137);
  });

  test("environment and working directory reach the command", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("surroundings");
    const container = await runScript(pod, "sleep 1000", {
      envs: [{ key: "GREETING", value: "hello = world" }],
      workingDir: "/var",
    });
    const { stdout } = await container.exec(["sh", "-c", 'echo "$GREETING"; pwd']);
    expect(stdout).toBe("hello = world\n/var\n");
  });

  testWhere(able.isolates)(
    "a file that a container writes is in its own layer, not in the image",
    async () => {
      const { runPod, runScript } = subject();
      await using pod = await runPod("layers");
      const writer = await runScript(pod, "echo mine > /written; sleep 1000", {
        metadata: { name: "writer" },
      });
      const reader = await runScript(pod, "sleep 1000", { metadata: { name: "reader" } });
      expect((await writer.exec(["cat", "/written"])).stdout).toBe("mine\n");
      expect((await reader.exec(["cat", "/written"])).exitCode).toBe(1);
    },
  );

  testWhere(able.isolates)("containers of a pod share its network, not their processes", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("shared");
    const server = "echo from server > /x; while true; do nc -l -p 8080 < /x; done";
    await runScript(pod, server, { metadata: { name: "server" } });
    const client = await runScript(pod, "sleep 1000", { metadata: { name: "client" } });
    const fetch = "for i in 1 2 3 4 5 6 7 8 9; do nc 127.0.0.1 8080 < /dev/null && exit; sleep 0.1; done";
    expect((await client.exec(["sh", "-c", fetch])).stdout).toBe("from server\n");
    expect((await client.exec(["cat", "/proc/1/cmdline"])).stdout).toBe("sleep\u00001000\u0000");
  });

  testWhere(able.missesCommands)(
    "a command that does not exist fails to start and leaves an exited container",
    async () => {
      const { image, runPod } = subject();
      await using pod = await runPod("missing");
      const container = await pod.createContainer({
        metadata: { name: "main" },
        image: { image },
        command: ["/no/such/command"],
      });
      await expect(container.start()).rejects.toThrow("/no/such/command");
      expect(await container.status()).toMatchObject({
        state: "exited",
        exitCode: 128,
        reason: "StartError",
      });
    },
  );

  test("containers are listed by pod, labels and state", async () => {
    const { cri, runPod, runScript } = subject();
    await using pod = await runPod("lists");
    const lives = await runScript(pod, "sleep 1000", { metadata: { name: "lives" }, labels: { kind: "a" } });
    const ended = await runScript(pod, "exit 0", { metadata: { name: "ended" }, labels: { kind: "b" } });
    await ended.wait();
    const ids = async (filter: Parameters<typeof cri.containers.list>[0]) =>
      (await cri.containers.list({ pod, ...filter })).map(({ id }) => id);
    expect(await ids({})).toEqual([ended.id, lives.id]);
    expect(await ids({ labels: { kind: "a" } })).toEqual([lives.id]);
    expect(await ids({ state: "exited" })).toEqual([ended.id]);
    expect(await ids({ id: lives.id.slice(0, 12) })).toEqual([lives.id]);
    const streamed = [];
    for await (const { id, listed } of cri.containers.stream({ pod })) {
      streamed.push([id, listed.metadata.name]);
    }
    expect(streamed.sort()).toEqual(
      [
        [ended.id, "ended"],
        [lives.id, "lives"],
      ].sort(),
    );
  });

  test("containers are listed by image, the namespace of their pod, pattern and age", async () => {
    const { cri, image, registry, runPod, runScript } = subject();
    const metadata = { name: "filtered", namespace: "filtered" };
    await using pod = await runPod("filtered", {}, { metadata });
    const first = await runScript(pod, "sleep 1000", { metadata: { name: "web-1" } });
    const second = await runScript(pod, "exit 0", { metadata: { name: "web-2" } });
    await second.wait();
    const { id = "", repoDigests = [] } = (await cri.images.status(image)) ?? {};
    const ids = async (filter: Parameters<typeof cri.containers.list>[0]) =>
      (await cri.containers.list({ namespace: "filtered", ...filter })).map(({ id }) => id);
    expect(await ids({})).toEqual([second.id, first.id]);
    expect(await ids({ namespace: /^filter/, state: ["exited", "created"] })).toEqual([second.id]);
    expect(await ids({ name: /-1$/ })).toEqual([first.id]);
    expect(await ids({ latest: true, sort: "oldest" })).toEqual([second.id]);
    for (const name of [image, id, id.slice(7), id.slice(7, 20), repoDigests[0] ?? ""]) {
      expect(await ids({ image: name, name: "web-1" })).toEqual([first.id]);
    }
    expect(await ids({ image: registry.ref("demo/other:1") })).toEqual([]);
    expect((await pod.containers({ state: "running" })).map(({ id }) => id)).toEqual([first.id]);
  });
}

/** Until its trap is set a signal ends it. */
async function saysSet(container: OwnedContainer): Promise<void> {
  for await (const { text } of container.logs({ follow: true })) if (text === "set") return;
}
