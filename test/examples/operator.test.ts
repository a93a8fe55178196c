import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { RunningExample } from "../support/example.js";
import { until } from "../support/until.js";
import { type Lab, runScript, startLab } from "./support/lab.js";

const mebibyte = 1024 * 1024;

describe("operator", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it("keeps the limits that labels ask for: what there is, what comes, what drifts, over a restart", async () => {
    const labels = { "node-agent.example/memory-mib": "64" };
    await using limited = await lab.cri.pods.run({ metadata: { name: "limited" }, labels });
    await using free = await lab.runPod("free");
    const eat = "echo last words; while [ ! -e /go ]; do sleep 0.1; done; exec tail /dev/zero";
    const first = await runScript(limited, "first", eat);
    const other = await runScript(free, "other");
    const limitOf = async ({ id }: { id: string }) =>
      (await lab.cri.containers.get(id).status()).resources?.memoryLimitBytes;
    const env = { RESYNC_SECONDS: "1" };
    await using operator = new RunningExample("operator/main.ts", [], { ...lab, env });
    await operator.shows("default/limited/first: limited to 64 MiB\n");
    expect(await limitOf(first)).toBe(64 * mebibyte);

    await first.updateResources({ memoryLimitBytes: 128 * mebibyte });
    await until("it is put back", async () => (await limitOf(first)) === 64 * mebibyte);

    await lab.runtime.restart({ kill: true });
    const second = await runScript(limited, "second");
    await operator.shows("default/limited/second: limited to 64 MiB\n");
    expect(await limitOf(second)).toBe(64 * mebibyte);
    expect(await limitOf(other)).not.toBe(64 * mebibyte);

    await first.exec(["touch", "/go"]);
    await operator.shows("default/limited/first: out of memory\n  last words\n");
    expect(await operator.interrupt("SIGTERM")).toBe(0);
    expect(operator.stdout.match(/out of memory/g)).toHaveLength(1);
  });
});

describe("operator/daemonset.yaml", async () => {
  const manifest = parse(await readFile("examples/operator/daemonset.yaml", "utf8"));
  const { selector, template } = manifest.spec;
  const [agent] = template.spec.containers;
  const env = Object.fromEntries(agent.env.map(({ name, value }: Record<string, string>) => [name, value]));
  const seen = new Map<string, { path: string; readOnly: boolean }>(
    agent.volumeMounts.map(
      ({ name, mountPath, readOnly = false }: { name: string; mountPath: string; readOnly?: boolean }) => {
        const { hostPath } = template.spec.volumes.find((volume: { name: string }) => volume.name === name);
        return [mountPath, { path: hostPath.path, readOnly }];
      },
    ),
  );

  it("is a DaemonSet that selects its own pods", () => {
    expect([manifest.apiVersion, manifest.kind]).toEqual(["apps/v1", "DaemonSet"]);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });

  it("sets each variable that the example reads, to text", async () => {
    const source = await readFile("examples/operator/main.ts", "utf8");
    const read = [...source.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(env).sort()).toEqual(["CONTAINER_RUNTIME_ENDPOINT", ...read].sort());
    for (const value of Object.values(env)) expect(value).toBeTypeOf("string");
  });

  it("mounts the socket's directory where the endpoint is, and the logs below HOST_ROOT", () => {
    const directory = posix.dirname(new URL(env.CONTAINER_RUNTIME_ENDPOINT).pathname);
    expect(seen.get(directory)).toEqual({ path: directory, readOnly: false });
    expect(seen.get(`${env.HOST_ROOT}/var/log/pods`)).toEqual({ path: "/var/log/pods", readOnly: true });
    expect(template.spec.hostNetwork).toBe(true);
  });
});
