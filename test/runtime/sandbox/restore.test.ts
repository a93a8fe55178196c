import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { ContainerState, NamespaceMode, type RestorePodRequestSchema } from "../../../src/proto.js";
import { leftOut } from "../../left-out.js";
import { until } from "../../support/until.js";
import { containerConfig, podConfig, runPod, startContainer, statusOf } from "../support/pods.js";
import { type StandInCriu, standInCriu } from "../support/stand-in-criu.js";
import { pullBusybox, startTestRuntime, type TestRuntime } from "../support/test-runtime.js";

let test: TestRuntime;
let criu: StandInCriu | undefined;

async function start(standIn: StandInCriu | undefined): Promise<void> {
  criu = standIn;
  test = await startTestRuntime(
    standIn ? { handlers: { runc: standIn.handler, other: standIn.handler } } : {},
  );
  await pullBusybox(test);
}

async function end(): Promise<void> {
  expect(await test.end()).toEqual([]);
  await criu?.[Symbol.asyncDispose]();
}

async function removePods(): Promise<void> {
  const { items } = await test.runtime.listPodSandbox({});
  for (const { id } of items) await test.runtime.removePodSandbox({ podSandboxId: id });
}

/** Counts on, and has changed its files before. */
const script = [
  "rm -r /www; mkdir /www; echo mine > /www/new; rm /etc/group",
  "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done",
].join("; ");

type ContainerConfig = ReturnType<typeof containerConfig>;

const counting = (more: Partial<ContainerConfig> = {}) => containerConfig(["sh", "-c", script], more);

async function lastCount(id: string): Promise<number> {
  const { logPath } = await statusOf(test, id);
  const text = await readFile(logPath, "utf8").catch(() => "");
  return Number(/ F (\d+)\n$/.exec(text)?.[1] ?? 0);
}

interface Checkpoint {
  path: string;
  configs: ContainerConfig[];
  /** How far each had counted by then. */
  counts: number[];
}

/** A checkpoint of a pod with two containers. The pod goes. */
async function makeCheckpoint(): Promise<Checkpoint> {
  const pod = await runPod(test);
  const configs = [counting(), counting()];
  const ids: string[] = [];
  for (const config of configs) ids.push(await startContainer(test, pod, config));
  for (const id of ids) await until("it counts", async () => (await lastCount(id)) > 5);
  const path = await mkdtemp(join(test.directory, "checkpoint-"));
  const counts = [];
  for (const id of ids) counts.push(await lastCount(id));
  await test.runtime.checkpointPod(
    { podSandboxId: pod, outputPath: path, containerIds: ids },
    { timeoutMs: 60_000 },
  );
  await test.runtime.removePodSandbox({ podSandboxId: pod });
  return { path, configs, counts };
}

type Request = MessageInitShape<typeof RestorePodRequestSchema>;

/** With logs of its own. */
const newPod = () => podConfig(test, { logDirectory: join(test.directory, "restored-logs") });

function restore({ path, configs }: Checkpoint, more: Partial<Request> = {}, timeoutMs = 60_000) {
  return test.runtime.restorePod(
    { checkpointPath: path, config: newPod(), containerConfigs: configs, ...more } as Request,
    { timeoutMs },
  );
}

async function expectNothing(): Promise<void> {
  expect((await test.runtime.listPodSandbox({})).items).toEqual([]);
  expect((await test.runtime.listContainers({})).containers).toEqual([]);
  for (const directory of ["sandboxes", "containers"]) {
    for (const parent of [test.config.root, test.config.state]) {
      expect(await readdir(join(parent, directory)).catch(() => [])).toEqual([]);
    }
  }
}

function pods(): void {
  it("gives a pod whose containers are created, and run on once they are started", async () => {
    const checkpoint = await makeCheckpoint();
    const { podSandboxId, restoredContainers } = await restore(checkpoint);
    expect(restoredContainers.map(({ name }) => name)).toEqual(
      checkpoint.configs.map(({ metadata }) => metadata?.name),
    );
    // The caller's, and not needed any more.
    await rm(checkpoint.path, { recursive: true });
    const { containers } = await test.runtime.listContainers({ filter: { podSandboxId } });
    expect(containers.map(({ state }) => state)).toEqual(Array(2).fill(ContainerState.CONTAINER_CREATED));
    for (const { containerId } of restoredContainers) {
      await test.runtime.startContainer({ containerId });
      await until("it counts", async () => (await lastCount(containerId)) > 0);
      expect((await statusOf(test, containerId)).state).toBe(ContainerState.CONTAINER_RUNNING);
      const { stdout } = await test.runtime.execSync({
        containerId,
        cmd: ["sh", "-c", "cat /www/new; ls /www; ls /etc/group || hostname"],
      });
      expect(new TextDecoder().decode(stdout)).toBe("mine\nnew\ndemo\n");
      expect(await readdir(join(test.config.root, "containers", containerId))).not.toContain("restore");
    }
    const { linux, network } = (await test.runtime.podSandboxStatus({ podSandboxId })).status ?? {};
    expect(network?.ip).not.toBe("");
    expect(linux).toBeDefined();
    const [first] = restoredContainers;
    await test.runtime.stopContainer({ containerId: first?.containerId ?? "", timeout: 0n });
    expect(await statusOf(test, first?.containerId ?? "")).toMatchObject({ exitCode: 137 });
  });
}

/** The checkpoint with one of its files changed, or removed. */
async function damaged(
  { path, configs, counts }: Checkpoint,
  file: string,
  text?: string,
): Promise<Checkpoint> {
  const copy = await mkdtemp(join(test.directory, "damaged-"));
  await cp(path, copy, { recursive: true });
  const directory = (await readdir(copy)).find((name) => name !== "pod.dump") ?? "";
  const at = join(copy, file.replace("ID", directory));
  if (text === undefined) await rm(at);
  else await writeFile(at, text);
  return { path: copy, configs, counts };
}

describe("RestorePod, a stand-in for criu", () => {
  let checkpoint: Checkpoint;

  beforeAll(async () => {
    await start(await standInCriu());
    checkpoint = await makeCheckpoint();
  });
  afterEach(removePods);
  afterAll(end);

  pods();

  it("keeps what a start needs over a restart of the daemon", async () => {
    const { restoredContainers } = await restore(checkpoint);
    await test.restart();
    for (const { containerId } of restoredContainers) {
      await test.runtime.startContainer({ containerId });
      await until("it counts", async () => (await lastCount(containerId)) > 0);
    }
  });

  it("tells why criu could not, and leaves the container as one that did not start", async () => {
    const { restoredContainers } = await restore(checkpoint);
    const [{ containerId } = { containerId: "" }] = restoredContainers;
    await writeFile(join(criu?.directory ?? "", "fail"), containerId);
    await expect(test.runtime.startContainer({ containerId })).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("could not be restored: Pid 1 does not match expected 7"),
    });
    expect(await statusOf(test, containerId)).toMatchObject({
      state: ContainerState.CONTAINER_EXITED,
      exitCode: 128,
      reason: "StartError",
    });
  });

  it("is undone by the next daemon when one dies before all is made", async () => {
    const { podSandboxId } = await restore(checkpoint);
    await test.restart(async () => {
      // What a daemon leaves that was killed just before the pod was to be known.
      const path = join(test.config.root, "sandboxes", podSandboxId, "record.json");
      const whole = JSON.parse(await readFile(path, "utf8"));
      await writeFile(path, JSON.stringify({ ...whole, record: { ...whole.record, step: "making" } }));
    });
    await expectNothing();
  });

  it("refuses a pod whose name is taken, and leaves that one alone", async () => {
    const config = newPod();
    const { podSandboxId } = await restore(checkpoint, { config });
    await expect(restore(checkpoint, { config })).rejects.toMatchObject({ code: "name_reserved" });
    expect((await test.runtime.listPodSandbox({})).items.map(({ id }) => id)).toEqual([podSandboxId]);
    expect((await test.runtime.listContainers({})).containers).toHaveLength(2);
  });

  it("refuses a checkpoint that is not whole, and leaves nothing", async () => {
    const summary = JSON.parse(await readFile(join(checkpoint.path, "pod.dump"), "utf8"));
    const twice = summary.containers.map(({ id }: { id: string }) => ({ id, name: "twin" }));
    const outside = [{ name: "a", id: "../a" }];
    const rows: [string, string | undefined, string, RegExp][] = [
      [
        "pod.dump",
        undefined,
        "invalid_argument",
        /checkpoint_path is no whole checkpoint: .*pod.dump cannot be read/,
      ],
      ["pod.dump", "{", "invalid_argument", /checkpoint_path is no whole checkpoint: .*pod.dump is torn/],
      ["pod.dump", '{"version":2}', "invalid_argument", /checkpoint_path has a checkpoint of version 2/],
      [
        "pod.dump",
        JSON.stringify({ ...summary, containers: outside }),
        "invalid_argument",
        /checkpoint_path has a torn pod.dump/,
      ],
      [
        "pod.dump",
        JSON.stringify({ ...summary, containers: twice }),
        "invalid_argument",
        /two containers of one name/,
      ],
      ["ID/checkpoint/inventory.img", undefined, "invalid_argument", /inventory.img is missing/],
      ["ID/rootfs-diff.tar", undefined, "invalid_argument", /rootfs-diff.tar is missing/],
      ["ID/rootfs-diff.tar", "no archive", "failed_precondition", /rootfs-diff.tar could not be unpacked/],
      ["ID/config.dump", "{", "invalid_argument", /config.dump is torn/],
      ["ID/spec.dump", undefined, "invalid_argument", /spec.dump cannot be read/],
      ["ID/deleted.files", undefined, "invalid_argument", /deleted.files cannot be read/],
      [
        "ID/config.dump",
        JSON.stringify({ rootfsImageRef: "sha256:other" }),
        "invalid_argument",
        /container_configs\[\d\].image is sha256:.*, the checkpoint was made of sha256:other/,
      ],
    ];
    for (const [file, text, code, message] of rows) {
      const refused = restore(await damaged(checkpoint, file, text));
      await expect(refused, `${file}: ${text}`).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
      await expectNothing();
    }
  });

  it("refuses a request that does not fit the checkpoint, and leaves nothing", async () => {
    const [first, second] = checkpoint.configs as [ContainerConfig, ContainerConfig];
    const but = (more: Partial<ContainerConfig>): Partial<Request> => ({
      containerConfigs: [first, { ...second, ...more }],
    });
    const rows: [Partial<Request>, string, RegExp][] = [
      [{ options: { fast: "1" } }, "invalid_argument", /options has "fast"/],
      [{ checkpointPath: "" }, "invalid_argument", /checkpoint_path is required/],
      [{ checkpointPath: "here" }, "invalid_argument", /checkpoint_path is "here": give an absolute path/],
      [
        { checkpointPath: join(test.directory, "none") },
        "invalid_argument",
        /checkpoint_path is no whole checkpoint/,
      ],
      [{ config: {} }, "invalid_argument", /config.metadata is required/],
      [{ runtimeHandler: "none" }, "invalid_argument", /runtime_handler: "none" is not configured/],
      [
        { runtimeHandler: "other" },
        "invalid_argument",
        /runtime_handler is other, the checkpoint was made by runc/,
      ],
      [{ containerConfigs: [] }, "invalid_argument", /container_configs lack one for c-/],
      [{ containerConfigs: [first] }, "invalid_argument", /container_configs lack one for c-/],
      [
        { containerConfigs: [first, first] },
        "invalid_argument",
        /container_configs\[1\].metadata.name is "c-.*once/,
      ],
      [
        but({ metadata: { name: "" } }),
        "invalid_argument",
        /container_configs\[1\].metadata.name is required/,
      ],
      [but({ image: {} }), "invalid_argument", /container_configs\[1\].image.image is required/],
      [but({ image: { image: "crikit.test/none:1" } }), "not_found", /Image crikit.test\/none:1 is not here/],
      [
        but({ command: ["true"] }),
        "invalid_argument",
        /container_configs\[1\].command and args give something else/,
      ],
      [
        but({ workingDir: "/www" }),
        "invalid_argument",
        /container_configs\[1\].working_dir is something else/,
      ],
      [
        but({ envs: [{ key: "A", value: Buffer.from("1") }] }),
        "invalid_argument",
        /container_configs\[1\].envs are something/,
      ],
      [
        but({
          linux: {
            securityContext: {
              capabilities: { dropCapabilities: ["CHOWN"] },
              namespaceOptions: { pid: NamespaceMode.CONTAINER },
            },
          },
        }),
        "invalid_argument",
        /container_configs\[1\].linux.security_context makes the process's capabilities something else/,
      ],
      [
        but({ linux: {} }),
        "invalid_argument",
        /container_configs\[1\].linux.security_context has other namespaces/,
      ],
      [
        but({ mounts: [{ hostPath: test.directory, containerPath: "/data" }] }),
        "invalid_argument",
        /container_configs\[1\].mounts have \/data, which the checkpoint has not/,
      ],
    ];
    for (const [change, code, message] of rows) {
      await expect(restore(checkpoint, change), String(message)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
      await expectNothing();
    }
    await expect(restore(checkpoint, {}, 0)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("has no deadline"),
    });
  });
});

describe("RestorePod where criu does not work", () => {
  beforeAll(async () => start(await standInCriu("[ ! -e $0.broken ]")));
  afterAll(end);

  it("says so before it makes anything", async () => {
    const checkpoint = await makeCheckpoint();
    await writeFile(join(criu?.directory ?? "", "bin", "criu.broken"), "");
    await expect(restore(checkpoint)).rejects.toMatchObject({ code: "failed_precondition" });
    await expectNothing();
  });
});

describe.skipIf(leftOut.criu)("RestorePod with criu", () => {
  beforeAll(() => start(undefined));
  afterEach(removePods);
  afterAll(end);

  pods();

  it("has the processes go on from where they were", async () => {
    const checkpoint = await makeCheckpoint();
    const { restoredContainers } = await restore(checkpoint);
    for (const [index, { containerId }] of restoredContainers.entries()) {
      await test.runtime.startContainer({ containerId });
      await until("it counts", async () => (await lastCount(containerId)) > 0);
      const { logPath } = await statusOf(test, containerId);
      const first = Number(/ F (\d+)\n/.exec(await readFile(logPath, "utf8"))?.[1]);
      expect(first).toBeGreaterThan(checkpoint.counts[index] ?? 0);
    }
  });
});
