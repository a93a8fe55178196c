import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ContainerState } from "../../src/proto.js";
import { createImageClient } from "../../src/services/image-client.js";
import { createRuntimeClient, type RuntimeClient } from "../../src/services/runtime-client.js";
import { busyboxImage } from "../../src/testing/busybox-image.js";
import { importImage } from "../../src/testing/import-image.js";
import { claimNetwork, type NetworkClaim } from "../../src/testing/network-claim.js";
import { type Connection, openConnection } from "../../src/transport/connection.js";
import { parseEndpoint } from "../../src/transport/endpoint.js";
import { findLeaks } from "../support/leaks.js";
import { until } from "../support/until.js";

const main = fileURLToPath(new URL("../../src/runtime/main.ts", import.meta.url));
const node = ["--import", "tsx", main];

let directory: string;
let network: NetworkClaim;
let connection: Connection;
let runtime: RuntimeClient;
const daemons = new Set<ChildProcess>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "crikit-"));
  network = await claimNetwork(directory);
  connection = openConnection(parseEndpoint(`unix://${directory}/cri.sock`));
  runtime = createRuntimeClient(connection);
});

afterEach(async () => {
  connection.close();
  for (const daemon of daemons) if (daemon.exitCode === null) daemon.kill("SIGKILL");
  daemons.clear();
  expect(await run(["purge", ...places()])).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(directory, "root"))).toBe(false);
  expect(existsSync(join(directory, "state"))).toBe(false);
  await rm(directory, { recursive: true });
  await network.release();
  expect(await findLeaks({ directory, network })).toEqual([]);
});

function places(): string[] {
  const { bridge, subnet } = network;
  const directories = ["--root", join(directory, "root"), "--state", join(directory, "state")];
  return ["--config", "/dev/null", ...directories, "--bridge", bridge, "--subnet", subnet];
}

function run(args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...node, ...args], (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

interface Served {
  daemon: ChildProcess;
  /** What it said on its standard output first. */
  line: string;
  /** What it has logged so far. */
  said(): string;
}

async function serve({ config = "/dev/null" } = {}): Promise<Served> {
  const listen = `unix://${directory}/cri.sock`;
  const args = [...node, "--listen", listen, ...places(), "--config", config];
  const daemon = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  daemons.add(daemon);
  let log = "";
  daemon.stderr.on("data", (chunk) => {
    log += chunk;
  });
  const [line] = await once(daemon.stdout, "data");
  return { daemon, line: String(line), said: () => log };
}

/** A registry that takes questions and does not answer. */
async function silentRegistry() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets = new Set<Socket>();
  const asked = new Promise<void>((resolve) => {
    server.on("connection", (socket) => {
      sockets.add(socket.on("error", () => {}));
      resolve();
    });
  });
  return {
    host: `127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function processesOf(command: string[]): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return line === `${command.join("\0")}\0` ? [pid] : [];
    }),
  );
  return found.flat();
}

const metadata = { name: "p", namespace: "default", uid: "1" };

function runPod() {
  return runtime.runPodSandbox({ config: { metadata, logDirectory: directory } });
}

describe("crikit-runtime", () => {
  it("says where it listens, and on SIGTERM goes and leaves its pods running", async () => {
    const { daemon, line } = await serve();
    expect(line).toBe(`crikit-runtime: listening on unix://${directory}/cri.sock\n`);
    const { podSandboxId } = await runPod();
    const { info } = await runtime.podSandboxStatus({ podSandboxId, verbose: true });
    daemon.kill("SIGTERM");
    const [exitCode] = await once(daemon, "exit");
    expect(exitCode).toBe(0);
    expect(existsSync(join(directory, "cri.sock"))).toBe(false);
    const { pid } = JSON.parse(info.info ?? "");
    expect(await readFile(`/proc/${pid}/cmdline`, "utf8")).toContain("catatonit");
  });

  it("ends while calls are under way: they fail as unavailable, containers run on with their logs", async () => {
    const { daemon } = await serve();
    const pod = await runPod();
    const endpoint = `unix://${directory}/cri.sock`;
    await importImage(endpoint, { ref: "t.test/busybox:1", ...(await busyboxImage()) });
    const script = "trap '' TERM; while :; do echo tick; sleep 0.1; done";
    const { containerId } = await runtime.createContainer({
      podSandboxId: pod.podSandboxId,
      config: {
        metadata: { name: "c" },
        image: { image: "t.test/busybox:1" },
        command: ["sh", "-c", script],
        logPath: "c.log",
      },
      sandboxConfig: { metadata, logDirectory: directory },
    });
    await runtime.startContainer({ containerId });
    const log = () => readFile(join(directory, "c.log"), "utf8").catch(() => "");
    await until("the container writes", async () => (await log()).includes("tick"));
    await using registry = await silentRegistry();
    const calls = [
      runtime.stopContainer({ containerId, timeout: 600n }),
      runtime.execSync({ containerId, cmd: ["sleep", "613"], timeout: 0n }),
      createImageClient(connection).pullImage({ image: { image: `${registry.host}/a:1` } }),
    ];
    const outcomes = Promise.allSettled(calls);
    await registry.asked;
    const sleeping = () => processesOf(["sleep", "613"]);
    await until("the command runs", async () => (await sleeping()).length > 0);
    const began = Date.now();
    daemon.kill("SIGTERM");
    const [exitCode] = await once(daemon, "exit");
    expect(exitCode).toBe(0);
    expect(Date.now() - began).toBeLessThan(10_000);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
    }
    expect(existsSync(join(directory, "cri.sock"))).toBe(false);
    expect(await sleeping()).toEqual([]);
    const { length } = await log();
    await until("the log goes on", async () => (await log()).length > length);
    await serve();
    const { status } = await runtime.containerStatus({ containerId });
    expect(status?.state).toBe(ContainerState.CONTAINER_RUNNING);
  });

  it("ends at once on a second signal", async () => {
    const { daemon } = await serve();
    await using registry = await silentRegistry();
    const pull = createImageClient(connection).pullImage({ image: { image: `${registry.host}/a:1` } });
    const outcome = pull.catch((error) => error.code);
    await registry.asked;
    daemon.kill("SIGINT");
    daemon.kill("SIGTERM");
    const [exitCode] = await once(daemon, "exit");
    expect(exitCode).toBe(1);
    expect(await outcome).toBe("unavailable");
  });

  it("reads its file again on SIGHUP, and goes on with the one before when it is wrong", async () => {
    const file = join(directory, "config.yaml");
    await writeFile(file, "insecure-registries: [a]\n");
    const { daemon, said } = await serve({ config: file });
    const registries = async () => {
      const { info } = await runtime.status({ verbose: true });
      return JSON.parse(info.config ?? "").insecureRegistries;
    };
    expect(await registries()).toEqual(["a"]);
    await writeFile(file, "insecure-registries: [b]\nbridge: other0\n");
    daemon.kill("SIGHUP");
    await until("it is taken up", async () => (await registries())[0] === "b");
    await writeFile(file, "insecure-registries: [c]\nroott: /x\n");
    daemon.kill("SIGHUP");
    await until("it is refused", async () =>
      said().includes(`${file}:2: roott is no key: did you mean root?`),
    );
    expect(await registries()).toEqual(["b"]);
    expect(said()).toContain('"changed":["insecure-registries"]');
  });

  it("takes up its pods again after SIGKILL", async () => {
    const { daemon } = await serve();
    const { podSandboxId } = await runPod();
    const before = await runtime.podSandboxStatus({ podSandboxId });
    daemon.kill("SIGKILL");
    await once(daemon, "exit");
    await serve();
    const after = await runtime.podSandboxStatus({ podSandboxId });
    expect(after.status).toEqual(before.status);
    await runtime.removePodSandbox({ podSandboxId });
  });

  it("refuses a root that another daemon or a purge works on, naming the process", async () => {
    const { daemon } = await serve();
    const second = await run(["--listen", join(directory, "two.sock"), ...places()]);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain(`in use by process ${daemon.pid}`);
    const elsewhere = ["--root", join(directory, "another"), "--config", "/dev/null"];
    const sameState = await run(["purge", ...elsewhere, "--state", join(directory, "state")]);
    expect(sameState.exitCode).toBe(1);
    expect(sameState.stderr).toContain(
      `State directory ${directory}/state is in use by process ${daemon.pid}`,
    );
    const purge = await run(["purge", ...places()]);
    expect(purge.exitCode).toBe(1);
    expect(purge.stderr).toContain(`in use by process ${daemon.pid}`);
    daemon.kill("SIGKILL");
    await once(daemon, "exit");
    await serve();
  });

  it("lets one of two that start at once serve", async () => {
    const args = ["--listen", `unix://${directory}/cri.sock`, ...places()];
    const pair = [0, 1].map(() => {
      const daemon = spawn(process.execPath, [...node, ...args], { stdio: ["ignore", "ignore", "pipe"] });
      daemons.add(daemon);
      return { daemon, said: text(daemon.stderr), ended: once(daemon, "exit") };
    });
    const loser = await Promise.race(pair.map((each) => each.ended.then(() => each)));
    const winner = pair.find((each) => each !== loser);
    expect(loser.daemon.exitCode).toBe(1);
    expect(await loser.said).toContain(`in use by process ${winner?.daemon.pid}`);
    await until("the winner serves", () =>
      runtime.version({}).then(
        () => true,
        () => false,
      ),
    );
  });

  it("says in one line what is wrong with its flags", async () => {
    const { exitCode, stderr } = await run(["--log-level", "loud"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^crikit-runtime: --log-level: .*\n$/);
  });

  it("prints the configuration that is in force, or what is wrong with it", async () => {
    const file = join(directory, "config.yaml");
    await writeFile(file, "bridge: br7\nsubnet: 10.7.0.0/24\n");
    const { exitCode, stdout } = await run(["config", "--config", file, "--subnet", "10.8.0.0/24"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(`# Defaults, then ${file}, then flags.\n`);
    expect(stdout).toContain("\nbridge: br7\nsubnet: 10.8.0.0/24\n");
    await writeFile(file, "bridge: br7\nsubnet: nowhere\n");
    const wrong = await run(["config", "--config", file]);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toBe(
      `crikit-runtime: ${file}:2: subnet: "nowhere" is not a subnet such as 10.89.0.0/16\n`,
    );
  });
});
