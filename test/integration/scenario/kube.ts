import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PlayPodOptions, type PodSpec, playPod } from "crikit/kube";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../support/until.js";
import type { Abilities } from "./behaviour.js";
import type { Subject } from "./subject.js";
import { testWhere } from "./test-where.js";

export function kubeScenarios(subject: () => Subject, able: Abilities): void {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
  });
  afterEach(async () => {
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  });

  function play(name: string, spec: PodSpec, options: PlayPodOptions = {}) {
    const manifest = { metadata: { name }, spec: { terminationGracePeriodSeconds: 0, ...spec } };
    return playPod(subject().cri, manifest, { directory, logRoot: directory, timeoutMs: 60_000, ...options });
  }

  test("a pod from a manifest is started in order, restarted, and gone once disposed of", async () => {
    const { cri, image } = subject();
    const shell = (script: string) => ({ image, command: ["sh", "-c", script] });
    {
      await using app = await play(
        "kube",
        {
          initContainers: [{ name: "init", ...shell("echo prepared") }],
          containers: [
            { name: "stays", ...shell("echo $POD; sleep 1000"), env: [{ name: "POD", value: "kube" }] },
            { name: "ends", ...shell("echo tried; exit 3") },
          ],
        },
        { backoff: { initialMs: 100, maxMs: 100 } },
      );
      await until("it was restarted", () => (app.status().containers[1]?.restarts ?? 0) >= 2);
      expect(app.phase).toBe("Running");
      expect(app.status()).toMatchObject({
        initContainers: [{ name: "init", state: "terminated", lastEnd: { exitCode: 0 } }],
        containers: [
          { name: "stays", restarts: 0 },
          { name: "ends", lastEnd: { exitCode: 3, reason: "Error" } },
        ],
      });
      const lines = [];
      for await (const { text } of app.container("ends", { previous: true }).logs()) lines.push(text);
      expect(lines).toEqual(["tried"]);
      const labels = { "io.kubernetes.pod.name": "kube" };
      expect(await cri.pods.list({ labels })).toHaveLength(1);
    }
    expect(await cri.pods.list({ labels: { "io.kubernetes.pod.name": "kube" } })).toEqual([]);
  });

  test("a pod that cannot be started leaves nothing, and says which container it was", async () => {
    const { cri, image } = subject();
    const playing = play("broken", {
      restartPolicy: "Never",
      initContainers: [{ name: "check", image, command: ["sh", "-c", "exit 4"] }],
      containers: [{ name: "web", image }],
    });
    await expect(playing).rejects.toThrow(/^Init container check ended with exit code 4/);
    expect(await cri.pods.list({ labels: { "io.kubernetes.pod.name": "broken" } })).toEqual([]);
  });

  testWhere(able.isolates)(
    "containers share a volume, and their user, limits and last words are theirs",
    async () => {
      const { image, behaviour } = subject();
      const subPath = behaviour.seesMounts ? "part" : undefined;
      const volumeMounts = [{ name: "data", mountPath: "/data", subPath }];
      await using app = await play("volumes", {
        restartPolicy: "OnFailure",
        securityContext: { runAsUser: 1000, fsGroup: 2000 },
        volumes: [{ name: "data", emptyDir: {} }],
        initContainers: [
          { name: "fill", image, command: ["sh", "-c", "id -G > /data/groups"], volumeMounts },
        ],
        containers: [
          {
            name: "web",
            image,
            command: ["sh", "-c", "cat /data/groups > /dev/termination-log"],
            volumeMounts,
            resources: { limits: { memory: "32Mi" } },
          },
        ],
      });
      expect(await app.wait({ timeoutMs: 60_000 })).toMatchObject({ phase: "Succeeded" });
      expect(app.status().containers[0]?.message).toMatch(/^\d+ 2000$/);
    },
  );
}
