import { existsSync } from "node:fs";
import { mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CriClient, connect, type OwnedContainer, type OwnedPod } from "crikit";
import { busyboxImage, type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leftOut } from "../left-out.js";
import { runCrictl } from "../support/crictl.js";
import { until } from "../support/until.js";

const image = "crikit.test/busybox:1";

describe.skipIf(leftOut.crictl)("crictl on the bundled runtime asks for settings and changes them", () => {
  let runtime: RuntimeHandle;
  let cri: CriClient;
  let directory: string;
  let pod: OwnedPod;
  let container: OwnedContainer;

  beforeAll(async () => {
    runtime = await startRuntime();
    await runtime.importImage({ ref: image, ...(await busyboxImage()) });
    cri = await connect(runtime.endpoint);
    directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
    pod = await cri.pods.run({ metadata: { name: "crictl" }, logDirectory: join(directory, "logs") });
    container = await pod.runContainer({
      metadata: { name: "main" },
      image: { image },
      command: ["sh", "-c", "while :; do echo line; sleep 0.05; done"],
      envs: [{ key: "PASSWORD", value: "hidden" }],
    });
  });

  afterAll(async () => {
    cri?.close();
    await runtime?.[Symbol.asyncDispose]();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  async function crictl(...args: string[]): Promise<string> {
    const { out, err, exitCode } = await runCrictl(runtime.endpoint, args);
    expect(exitCode, err).toBe(0);
    return out;
  }

  const json = async (...args: string[]) => JSON.parse(await crictl(...args));

  it("info", async () => {
    const { status, runtimeHandlers, config } = await json("info");
    expect(status.conditions.map(({ type }: { type: string }) => type)).toEqual([
      "RuntimeReady",
      "NetworkReady",
    ]);
    expect(runtimeHandlers.map(({ name = "" }) => name)).toContain("");
    expect(config).toMatchObject({ rootDir: runtime.root, stateDir: join(dirname(runtime.root), "state") });
  });

  it("runtime-config", async () => {
    expect(await crictl("runtime-config")).toMatch(/cgroup driver: +(SYSTEMD|CGROUPFS)/);
  });

  it("update-runtime-config", async () => {
    await crictl("update-runtime-config", "--pod-cidr", "10.244.1.0/24");
    const { err, exitCode } = await runCrictl(runtime.endpoint, [
      "update-runtime-config",
      "-p",
      "10.244.1.0",
    ]);
    expect([exitCode, err]).toEqual([1, expect.stringContaining("is no range of addresses")]);
  });

  it("update", async () => {
    const limits = [
      "--cpu-period",
      "50000",
      "--cpu-quota",
      "20000",
      "--cpu-share",
      "512",
      "--memory",
      "67108864",
    ];
    await crictl("update", ...limits, container.id);
    await crictl("update", "--cpuset-cpus", "0", container.id);
    const { linux } = (await json("inspect", container.id)).status.resources;
    expect(linux).toMatchObject({ cpuPeriod: "50000", cpuQuota: "20000", cpuShares: "512", cpusetCpus: "0" });
    expect((await container.status()).resources?.memoryLimitBytes).toBe(67_108_864);
    const { err, exitCode } = await runCrictl(runtime.endpoint, ["update", "--cpu-quota", "5", container.id]);
    expect([exitCode, err]).toEqual([1, expect.stringContaining("linux.cpu_quota is 5")]);
  });

  it("inspect, inspectp and inspecti", async () => {
    const { status, info } = await json("inspect", container.id);
    expect(status.metadata.name).toBe("main");
    expect(info).toMatchObject({ sandboxID: pod.id, pid: expect.any(Number) });
    expect(info.runtimeSpec.process).toMatchObject({ args: expect.arrayContaining(["sh"]) });
    expect(info.runtimeSpec.process.env).toContain("PASSWORD=[redacted]");
    expect(existsSync(`/proc/${info.pid}`)).toBe(true);
    expect(info.config).toMatchObject({ log_path: "main/0.log", envs: [{ key: "PASSWORD" }] });
    const inspected = await json("inspectp", pod.id);
    expect(inspected.status.state).toBe("SANDBOX_READY");
    expect(inspected.info.pid).not.toBe(info.pid);
    expect(inspected.info.config).toMatchObject({
      linux: { security_context: { namespace_options: { pid: 1 } } },
    });
    const network = inspected.info.runtimeSpec.linux.namespaces.find(
      ({ type }: { type: string }) => type === "network",
    );
    expect(existsSync(network.path)).toBe(true);
    expect((await json("inspecti", image)).status.repoTags).toEqual([image]);
  });

  it("logs --reopen", async () => {
    const { logPath } = await container.status();
    await rename(logPath, `${logPath}.1`);
    await crictl("logs", "--reopen", "--tail", "1", container.id);
    await until("the new file has lines", async () => (await readFile(logPath, "utf8")).includes("line"));
  });

  it("checkpoint", async () => {
    const archive = join(directory, "checkpoint.tar");
    const { out, err, exitCode } = await runCrictl(runtime.endpoint, [
      "checkpoint",
      "-e",
      archive,
      container.id,
    ]);
    if (leftOut.criu) {
      expect([exitCode, err]).toEqual([1, expect.stringMatching(/FailedPrecondition.*criu/s)]);
      expect(existsSync(archive)).toBe(false);
    } else {
      expect([exitCode, out.trim()]).toEqual([0, container.id]);
      expect((await stat(archive)).size).toBeGreaterThan(0);
    }
  });
});
