import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CriClient, connect } from "crikit";
import { messageToJson } from "crikit/proto";
import { type RuntimeHandle, startRuntime } from "crikit/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leftOut } from "../left-out.js";
import { runCrictl } from "../support/crictl.js";
import { type GuardedRegistry, startGuardedRegistry } from "../support/guarded-registry.js";
import { until } from "../support/until.js";

// A person's day, in order: each command finds what those before have made.
describe.skipIf(leftOut.crictl)("crictl's everyday commands on the bundled runtime", () => {
  let runtime: RuntimeHandle;
  let registry: GuardedRegistry;
  let cri: CriClient;
  let directory: string;
  let pod: string;
  let container: string;

  beforeAll(async () => {
    runtime = await startRuntime();
    cri = await connect(runtime.endpoint);
    registry = await startGuardedRegistry();
    directory = await mkdtemp(join(tmpdir(), "crikit-test-"));
    await write("pod.json", podConfig("shop"));
    await write("web.json", containerConfig("web", "echo to-out; echo to-err >&2; while :; do :; done"));
  });

  afterAll(async () => {
    cri?.close();
    await registry?.[Symbol.asyncDispose]();
    await runtime?.[Symbol.asyncDispose]();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  const path = (name: string) => join(directory, name);
  const write = (name: string, config: object) => writeFile(path(name), JSON.stringify(config));

  const podConfig = (name: string) => ({
    metadata: { name, namespace: "tools", uid: `uid-of-${name}`, attempt: 1 },
    hostname: name,
    log_directory: path(`logs-${name}`),
    labels: { app: name, "io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": "tools" },
    annotations: { note: "everyday" },
    linux: {},
  });

  const containerConfig = (name: string, script: string, attempt = 0) => ({
    metadata: { name, attempt },
    image: { image: registry.image },
    command: ["sh", "-c", script],
    labels: { tier: name, "io.kubernetes.pod.name": "shop", "io.kubernetes.pod.namespace": "tools" },
    log_path: `${name}/${attempt}.log`,
    linux: {},
  });

  async function crictl(...args: string[]): Promise<string> {
    const { out, err, exitCode } = await runCrictl(runtime.endpoint, args);
    expect(exitCode, err).toBe(0);
    return out.replaceAll("\u001b[2J\u001b[H", "");
  }

  const json = async (command: string, ...args: string[]) =>
    JSON.parse(await crictl(command, "-o", "json", ...args));
  const lines = async (...args: string[]) => (await crictl(...args)).trim().split("\n");

  async function refused(...args: string[]): Promise<string> {
    const { err, exitCode } = await runCrictl(runtime.endpoint, args);
    expect(exitCode).toBe(1);
    return err;
  }

  it("version", async () => {
    const { runtimeName, runtimeVersion } = cri.version;
    expect(await crictl("version")).toMatch(
      new RegExp(
        `RuntimeName: +${runtimeName}\nRuntimeVersion: +${runtimeVersion}\nRuntimeApiVersion: +v1\n`,
      ),
    );
  });

  it("pull, with credentials", async () => {
    expect(await refused("pull", registry.image)).toMatch(/authentication required/);
    const { username, password, image } = registry;
    const said = await crictl("pull", "-a", "note=x", "--creds", `${username}:${password}`, image);
    expect(said).toMatch(/^Image is up to date for sha256:[0-9a-f]{64}\n$/);
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    expect(await crictl("pull", "--auth", auth, "--pull-timeout", "1m", image)).toBe(said);
  });

  it("images, inspecti, imagefsinfo", async () => {
    const [image] = await cri.images.list();
    const { images } = await json("images");
    expect(images).toMatchObject([image && messageToJson(image.raw)]);
    const id = image?.id ?? "";
    expect(await lines("images", "-q")).toEqual([id]);
    expect(await crictl("images", "--digests")).toContain(image?.repoDigests[0]?.slice(-64, -51));
    const [, row] = await lines("images", "--pinned", registry.image);
    expect(row).toMatch(/busybox +1 +[0-9a-f]{13} +[\d.]+MB +false$/);
    expect(await lines("images", "-q", "-f", "reference=.*busy.*")).toEqual([id]);
    expect(await crictl("images", "-q", "-f", "dangling=true")).toBe("");
    const { status, info } = await json("inspecti", id.slice(7, 20));
    expect(status).toMatchObject({ id, repoTags: [registry.image], size: String(image?.sizeBytes) });
    expect(info.imageSpec.config.Env).toEqual([expect.stringMatching(/^PATH=/)]);
    const { status: places } = await json("imagefsinfo");
    const [place] = (await cri.images.fsInfo()).images;
    expect(places.imageFilesystems[0].fsId.mountpoint).toBe(place?.mountpoint);
    expect(Number(places.imageFilesystems[0].usedBytes.value)).toBe(place?.usedBytes);
  });

  it("runp, pods, inspectp", async () => {
    pod = (await crictl("runp", "--runtime", "runc", path("pod.json"))).trim();
    expect(await refused("runp", "--runtime", "none", path("pod.json"))).toMatch(/none/);
    const { items } = await json("pods");
    const [listed] = await cri.pods.list();
    expect(items).toMatchObject([listed && messageToJson(listed.listed.raw)]);
    for (const filter of [["--name", "^sh"], ["--namespace", "tools"], ["--state", "Ready"], ["--latest"]]) {
      expect(await lines("pods", "-q", ...filter), filter.join(" ")).toEqual([pod]);
    }
    for (const filter of [
      ["--label", "app=shop"],
      ["--id", pod.slice(0, 8)],
      ["--last", "1"],
    ]) {
      expect(await lines("pods", "-q", ...filter), filter.join(" ")).toEqual([pod]);
    }
    expect(await crictl("pods", "-q", "--state", "NotReady")).toBe("");
    const [, row] = await lines("pods");
    expect(row).toMatch(/^[0-9a-f]{13} +(Less than a|\d+) seconds? ago +Ready +shop +tools +1 +runc$/);
    const { status, info } = await json("inspectp", pod);
    const { ips, metadata, createdAt } = await cri.pods.get(pod).status();
    expect(status).toMatchObject({ metadata, network: { ip: ips[0] }, annotations: { note: "everyday" } });
    expect(new Date(status.createdAt)).toEqual(createdAt);
    expect(info).toMatchObject({ runtimeHandler: "runc", config: { log_directory: path("logs-shop") } });
    expect(info.runtimeSpec.annotations).toEqual({
      "io.kubernetes.cri.sandbox-id": pod,
      "io.kubernetes.cri.sandbox-name": "shop",
      "io.kubernetes.cri.sandbox-namespace": "tools",
      "io.kubernetes.cri.sandbox-uid": "uid-of-shop",
      "io.kubernetes.cri.sandbox-log-directory": path("logs-shop"),
    });
    expect(await crictl("inspectp", "-o", "go-template", "--template", "{{.status.network.ip}}", pod)).toBe(
      `${ips[0]}\n`,
    );
  });

  it("create, start, ps, inspect", async () => {
    container = (await crictl("create", pod, path("web.json"), path("pod.json"))).trim();
    expect(await crictl("ps", "-q")).toBe("");
    expect((await lines("ps", "-a"))[1]).toMatch(/ Created +web +0 /);
    expect((await crictl("start", container)).trim()).toBe(container);
    const { containers } = await json("ps");
    const [listed] = await cri.containers.list();
    expect(containers).toMatchObject([listed && messageToJson(listed.listed.raw)]);
    for (const filter of [["--name", "we"], ["--pod", pod], ["--image", registry.image], ["--latest"]]) {
      expect(await lines("ps", "-q", ...filter), filter.join(" ")).toEqual([container]);
    }
    for (const filter of [
      ["--label", "tier=web"],
      ["--state", "Running"],
      ["--namespace", "tools"],
    ]) {
      expect(await lines("ps", "-q", ...filter), filter.join(" ")).toEqual([container]);
    }
    expect((await lines("ps"))[1]).toMatch(
      / (Less than a|\d+) seconds? ago +Running +web +0 +\w{13} +shop +tools$/,
    );
    const { status, info } = await json("inspect", container);
    expect(info.runtimeSpec.annotations).toMatchObject({
      "io.kubernetes.cri.container-name": "web",
      "io.kubernetes.cri.image-name": registry.image,
      "io.kubernetes.cri.sandbox-id": pod,
    });
    const { startedAt, logPath, imageRef } = await cri.containers.get(container).status();
    expect(status).toMatchObject({
      state: "CONTAINER_RUNNING",
      logPath,
      imageRef,
      image: { image: registry.image },
    });
    expect(new Date(status.startedAt)).toEqual(startedAt);
  });

  it("exec, in one container and in those that a filter finds", async () => {
    expect(await lines("exec", "-s", container, "hostname")).toEqual(["shop"]);
    expect(await refused("exec", "-s", container, "false")).toMatch(/exited with 1/);
    expect(await refused("exec", "-s", "--timeout", "1", container, "sleep", "60")).toMatch(
      /timed out after 1s/,
    );
    expect(await crictl("exec", "--name", "web", "hostname")).toBe(`${container}:\nshop\n`);
    expect(await crictl("exec", "-x", "-q", "--label", "tier=web", "hostname")).toBe("shop\n");
  });

  it("logs", async () => {
    const logged = () => runCrictl(runtime.endpoint, ["logs", container]);
    await until("both lines are logged", async () => {
      const { out, err } = await logged();
      return out === "to-out\n" && err.endsWith("to-err\n");
    });
    expect(await crictl("logs", "--stream", "stderr", container)).toBe("");
    const { out, err } = await runCrictl(runtime.endpoint, ["logs", "--tail", "1", container]);
    expect(`${out}${err}`.match(/to-(out|err)/g)).toHaveLength(1);
    expect(await crictl("logs", "--since", "1h", container)).toBe("to-out\n");
    expect(await crictl("logs", "--since", "2200-01-01T00:00:00Z", container)).toBe("");
    expect(await crictl("logs", "-t", "--stream", "stdout", container)).toMatch(/^\d{4}-.*Z to-out\n$/);
    expect(await crictl("logs", "--limit-bytes", "3", "--stream", "stdout", container)).toBe("to-");
  });

  it("stats, statsp", async () => {
    // A rate needs two times to be one.
    await crictl("stats", "--id", container);
    const [stats] = (await json("stats", "--id", container)).stats;
    expect(stats.attributes).toMatchObject({ id: container, metadata: { name: "web" } });
    expect(Number(stats.cpu.usageNanoCores.value)).toBeGreaterThan(0);
    const { memory, filesystem } = await cri.containers.get(container).stats();
    expect(Number(stats.memory.workingSetBytes.value)).toBeGreaterThan((memory?.workingSetBytes ?? 0) / 2);
    expect(stats.writableLayer.fsId.mountpoint).toBe(filesystem?.mountpoint);
    const [row] = (await lines("stats")).slice(1);
    expect(row).toMatch(/^\w{13} +web +\d+\.\d+ +[\d.]+[kM]B +[\d.]+kB +\d+ +0B$/);
    const [ofPod] = (await json("statsp", "--id", pod)).stats;
    expect(ofPod.linux.containers.map(({ attributes }: { attributes: object }) => attributes)).toEqual([
      stats.attributes,
    ]);
    expect(Number(ofPod.linux.network.defaultInterface.rxBytes.value)).toBeGreaterThan(0);
  });

  it("stop, logs of the one before, rm", async () => {
    expect(await refused("rm", container)).toMatch(/is running, please stop it first/);
    const followed = runCrictl(runtime.endpoint, ["logs", "-f", container]);
    await crictl("stop", "--timeout", "0", container);
    expect((await followed).out).toBe("to-out\n");
    const { status } = await json("inspect", container);
    expect(status).toMatchObject({ state: "CONTAINER_EXITED", exitCode: 137, reason: "Error" });
    expect((await cri.containers.get(container).status()).finishedAt).toEqual(new Date(status.finishedAt));
    expect(await lines("ps", "-a", "-q", "--state", "Exited")).toEqual([container]);
    await write("web1.json", containerConfig("web", "sleep 600", 1));
    const next = (await crictl("create", pod, path("web1.json"), path("pod.json"))).trim();
    await crictl("start", next);
    expect(await crictl("logs", "-p", next)).toBe("to-out\n");
    await crictl("rm", container);
    expect(await readdir(path("logs-shop/web"))).toEqual(["1.log"]);
    await crictl("rm", "-f", "-a");
    expect(await cri.containers.list()).toEqual([]);
  });

  it("run, which makes pod and container of two files", async () => {
    await write("other.json", podConfig("other"));
    const ran = (await crictl("run", "--no-pull", path("web.json"), path("other.json"))).trim();
    const { podId, state } = (await cri.containers.list())[0]?.listed ?? {};
    expect([await lines("ps", "-q"), state]).toEqual([[ran], "running"]);
    expect(await refused("rmp", podId ?? "")).toMatch(/is running, please stop it first/);
    expect(await lines("stopp", podId ?? "")).toEqual([`Stopped sandbox ${podId}`]);
    expect(await lines("rmp", podId ?? "")).toEqual([`Removed sandbox ${podId}`]);
    expect(await lines("pods", "-q")).toEqual([pod]);
  });

  it("rmi --prune spares what is used, rmp -fa and rmi -a spare nothing", async () => {
    await crictl("create", pod, path("web.json"), path("pod.json"));
    await crictl("rmi", "--prune");
    expect(await cri.images.list()).toHaveLength(1);
    await crictl("rmp", "-f", "-a");
    expect(await crictl("rmi", "-a")).toBe(`Deleted: ${registry.image}\n`);
    expect([await cri.pods.list(), await cri.containers.list(), await cri.images.list()]).toEqual([
      [],
      [],
      [],
    ]);
  });
});
