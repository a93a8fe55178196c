import { expect, test } from "vitest";
import type { Abilities } from "./behaviour.js";
import type { Subject } from "./subject.js";
import { testWhere } from "./test-where.js";

const MiB = 1024 * 1024;

/** Of control groups of version 1, or of version 2. */
const limits = [
  "cd /sys/fs/cgroup",
  "cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us 2>/dev/null || cat memory.max cpu.max",
].join("; ");

export function resourceScenarios(subject: () => Subject, able: Abilities): void {
  testWhere(able.limitsAreKernels)(
    "limits are changed while a container runs, and its status tells them",
    async () => {
      const { runPod, runScript } = subject();
      await using pod = await runPod("limits");
      const container = await runScript(pod, "sleep 1000", {
        linux: { resources: { memoryLimitInBytes: BigInt(64 * MiB), oomScoreAdj: 100n } },
      });
      await container.updateResources({ limits: { cpu: "250m" } });
      await container.updateResources({ memoryLimitBytes: 96 * MiB });
      expect((await container.status()).resources).toMatchObject({
        cpuPeriodUs: 100_000,
        cpuQuotaUs: 25_000,
        memoryLimitBytes: 96 * MiB,
        oomScoreAdj: 100,
      });
    },
  );

  testWhere(able.measures && able.limitsAreKernels)(
    "changed limits are the kernel's, also of a container that was only created",
    async () => {
      const { image, runPod, runScript } = subject();
      await using pod = await runPod("limits-in-force");
      const config = { metadata: { name: "created" }, image: { image }, command: ["sleep", "1000"] };
      const created = await pod.createContainer(config);
      const running = await runScript(pod, "sleep 1000");
      for (const container of [created, running]) {
        await container.updateResources({ limits: { cpu: "250m", memory: "64Mi" } });
      }
      await created.start();
      for (const container of [created, running]) {
        const { stdout } = await container.exec(["sh", "-c", limits]);
        expect(stdout).toMatch(/^67108864\n25000\s100000\n$/);
      }
    },
  );

  test("limits of a container that has ended change in its status only", async () => {
    const { runPod, runScript } = subject();
    await using pod = await runPod("limits-ended");
    const container = await runScript(pod, "exit 0");
    await container.wait();
    await container.updateResources({ cpuShares: 512 });
    expect((await container.status()).resources?.cpuShares).toBe(512);
  });

  test("limits of a container that is not there are not found", async () => {
    const missing = subject().cri.containers.get("0".repeat(64));
    await expect(missing.updateResources({ cpuShares: 512 })).rejects.toMatchObject({ code: "not_found" });
  });

  test("a runtime is told of a pod's resources", async () => {
    const { runPod, behaviour } = subject();
    await using pod = await runPod("pod-resources");
    const told = pod.updateResources({ resources: { limits: { memory: "64Mi" } } });
    if (behaviour.podResources === "unsupported") {
      await expect(told).rejects.toMatchObject({ code: "unsupported" });
    } else await told;
  });
}
