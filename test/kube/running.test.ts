import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { until } from "../support/until.js";
import { image, shell, sleeping, useRuntime } from "./support/lab.js";

const lab = useRuntime();

test("a pod of one container runs from YAML, and nothing of it is left", async () => {
  const before = await lab.stock();
  {
    await using app = await lab.playAny(`
      apiVersion: v1
      kind: Pod
      metadata: { name: hello }
      spec:
        terminationGracePeriodSeconds: 0
        containers:
          - name: web
            image: ${image}
            command: [sh, -c, 'echo "hello from $NAME in $(PLACE)"; exec sleep 1000']
            env:
              - { name: PLACE, value: the lab }
              - { name: NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
    `);
    expect(app.phase).toBe("Running");
    for await (const line of app.container("web").logs({ follow: true })) {
      expect(line.text).toBe("hello from hello in the lab");
      break;
    }
    await app.waitReady();
    expect(app.status()).toMatchObject({ ready: true, sandboxRestarts: 0, ips: [expect.any(String)] });
    const { labels } = await app.container("web").status();
    expect(labels).toMatchObject({
      "io.kubernetes.pod.name": "hello",
      "io.kubernetes.pod.namespace": "default",
      "io.kubernetes.pod.uid": app.uid,
      "io.kubernetes.container.name": "web",
    });
  }
  expect(await lab.cri.pods.list()).toEqual([]);
  expect(await lab.cri.containers.list()).toEqual([]);
  await until("all is freed", async () => (await lab.stock()).length === before.length);
});

test("who runs in a container, and what they may, is as the security contexts say", async () => {
  await using app = await lab.play({
    securityContext: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000] },
    shareProcessNamespace: true,
    containers: [
      {
        ...sleeping,
        name: "plain",
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
      },
      { ...sleeping, name: "other", securityContext: { runAsUser: 0, capabilities: { add: ["NET_ADMIN"] } } },
    ],
  });
  expect(await shell(app, "plain", "id -u; id -g; id -G")).toBe("1000\n3000\n3000 4000");
  expect(await shell(app, "plain", "touch /x 2>&1 || true")).toContain("Read-only");
  const state = await shell(app, "plain", "grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status");
  expect(state.replaceAll(/\s+/g, " ")).toBe("CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2");
  expect(await shell(app, "other", "id -u; grep Seccomp: /proc/self/status")).toMatch(/^0\nSeccomp:\s+0$/);
  // One namespace of processes: both sleeps are seen.
  expect(await shell(app, "other", "ps -o args | grep -c '^sleep 1000'")).toBe("2");
});

test("a container that would run as root is refused under runAsNonRoot, by its name", async () => {
  await expect(
    lab.play({ securityContext: { runAsNonRoot: true }, containers: [{ ...sleeping, name: "web" }] }),
  ).rejects.toThrow(
    `Container web could not be started: the image ${image} runs as root, against runAsNonRoot: set runAsUser to another number`,
  );
  expect(await lab.cri.pods.list()).toEqual([]);
});

test("limits and requests become limits of the container", async () => {
  await using app = await lab.play({
    containers: [
      {
        ...sleeping,
        name: "web",
        resources: { requests: { cpu: "250m" }, limits: { cpu: "500m", memory: "32Mi" } },
        env: [
          { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
          { name: "MEM", valueFrom: { resourceFieldRef: { resource: "limits.memory" } } },
        ],
      },
    ],
  });
  expect(await shell(app, "web", "echo $CPU $MEM")).toBe(`500 ${32 * 1024 * 1024}`);
  const { resources } = await app.container("web").status();
  expect(resources).toMatchObject({ cpuQuotaUs: 50_000, cpuShares: 256, memoryLimitBytes: 32 * 1024 * 1024 });
});

test("a port of the host leads into the pod", async () => {
  // Below those that the kernel gives to others meanwhile.
  const hostPort = randomInt(20_000, 32_000);
  await using app = await lab.play({
    containers: [
      {
        name: "web",
        image,
        command: ["sh", "-c", "mkdir /www; echo hi > /www/index.html; exec httpd -f -p 80 -h /www"],
        ports: [{ name: "http", containerPort: 80, hostPort, hostIP: "127.0.0.1" }],
        readinessProbe: { httpGet: { port: "http" }, periodSeconds: 1 },
      },
    ],
  });
  await app.waitReady({ timeoutMs: 60_000 });
  const answer = await fetch(`http://127.0.0.1:${hostPort}/`);
  expect(await answer.text()).toBe("hi\n");
});

test("a container whose liveness probe fails is restarted; readiness tells only", async () => {
  await using app = await lab.play({
    containers: [
      {
        name: "web",
        image,
        command: ["sh", "-c", "touch /tmp/ready /tmp/alive; sleep 1000"],
        startupProbe: { exec: { command: ["ls", "/tmp/alive"] }, periodSeconds: 1 },
        readinessProbe: { exec: { command: ["ls", "/tmp/ready"] }, periodSeconds: 1, failureThreshold: 1 },
        livenessProbe: { exec: { command: ["ls", "/tmp/alive"] }, periodSeconds: 1, failureThreshold: 2 },
      },
    ],
  });
  await app.waitReady();
  const changes: string[] = [];
  const reading = (async () => {
    for await (const change of app.events()) {
      changes.push("message" in change ? `${change.type}: ${change.message}` : change.type);
      if (change.type === "started") return;
    }
  })();
  await shell(app, "web", "rm /tmp/ready");
  await until("it is not ready", () => app.status().containers[0]?.ready === false);
  expect(app.status().containers[0]).toMatchObject({ state: "running", started: true, restarts: 0 });
  await shell(app, "web", "rm /tmp/alive");
  await reading;
  expect(changes).toContain("unready");
  expect(changes.filter((text) => text.startsWith("killing"))).toEqual([
    expect.stringMatching(/^killing: The liveness probe failed: ls ended with 1: .*No such file/),
  ]);
  await app.waitReady();
  expect(app.status().containers[0]?.restarts).toBe(1);
});

test("probes of ports see who listens, at the pod's own address", async () => {
  await using app = await lab.play({
    containers: [
      {
        name: "web",
        image,
        command: ["sh", "-c", "while ! test -e /tmp/go; do sleep 0.1; done; exec httpd -f -p 7000"],
        readinessProbe: { tcpSocket: { port: 7000 }, periodSeconds: 1 },
      },
    ],
  });
  for await (const change of app.events()) {
    if (change.type !== "unhealthy") continue;
    expect(change.message).toMatch(/:7000 cannot be reached: .*ECONNREFUSED/);
    break;
  }
  await shell(app, "web", "touch /tmp/go");
  await app.waitReady({ timeoutMs: 60_000 });
});

test("hooks run after the start and before the stop, within the grace period", async () => {
  const app = await lab.play({
    terminationGracePeriodSeconds: 10,
    volumes: [{ name: "out", emptyDir: {} }],
    initContainers: [
      {
        ...sleeping,
        name: "last",
        command: ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"],
        restartPolicy: "Always",
        volumeMounts: [{ name: "out", mountPath: "/out" }],
        lifecycle: { preStop: { exec: { command: ["sh", "-c", "cat /out/log > /dev/termination-log"] } } },
      },
    ],
    containers: [
      {
        name: "web",
        image,
        command: ["sh", "-c", "trap 'echo term >> /out/log; exit 0' TERM; sleep 1000 & wait"],
        volumeMounts: [{ name: "out", mountPath: "/out" }],
        lifecycle: {
          postStart: { exec: { command: ["sh", "-c", "echo post >> /out/log"] } },
          preStop: { exec: { command: ["sh", "-c", "echo pre >> /out/log"] } },
        },
      },
    ],
  });
  await app.stop();
  expect(app.status().containers[0]?.lastEnd).toMatchObject({ exitCode: 0 });
  expect(app.status().initContainers[0]?.lastEnd).toMatchObject({ message: "post\npre\nterm" });
  await app[Symbol.asyncDispose]();
});

test("a container whose postStart hook fails is stopped, and started again", async () => {
  await using app = await lab.play({
    containers: [
      {
        ...sleeping,
        name: "web",
        lifecycle: { postStart: { exec: { command: ["sh", "-c", "exit 4"] } } },
      },
    ],
  });
  for await (const change of app.events()) {
    if (change.type !== "hookFailed") continue;
    expect(change).toMatchObject({ container: "web", hook: "postStart", message: "sh ended with 4" });
    break;
  }
  await until("it is restarted", () => (app.status().containers[0]?.restarts ?? 0) > 0);
});

test("a pod whose pause process is killed gets a new sandbox with another address for its hosts file", async () => {
  await using app = await lab.play({ containers: [{ ...sleeping, name: "web" }] });
  const first = app.pod.id;
  const { info } = await app.pod.status({ verbose: true });
  const pid = Number(JSON.stringify(info).match(/"pid":"?(\d+)/)?.[1]);
  process.kill(pid, "SIGKILL");
  await until("there is another sandbox", () => app.pod.id !== first && app.status().ready);
  expect(app.status().sandboxRestarts).toBe(1);
  const [ip = ""] = app.status().ips;
  expect(await shell(app, "web", "cat /etc/hosts")).toContain(`${ip}\tapp`);
});

test("a pod is kept over a restart of the runtime; a container that ended meanwhile is restarted", async () => {
  await using app = await lab.play({
    containers: [
      { ...sleeping, name: "stays" },
      { name: "ends", image, command: ["sh", "-c", "while ! test -e /tmp/end; do sleep 0.1; done; exit 3"] },
    ],
  });
  const { id } = app.container("stays");
  await shell(app, "ends", "(sleep 0.2; touch /tmp/end) > /dev/null 2>&1 &");
  await lab.runtime.restart();
  await until("it is restarted", () => app.status().containers[1]?.restarts === 1);
  expect(app.status().containers[1]?.lastEnd).toMatchObject({ attempt: 0, exitCode: 3 });
  expect(app.container("stays").id).toBe(id);
  expect(app.status()).toMatchObject({ sandboxRestarts: 0, containers: [{ restarts: 0 }, {}] });
});
