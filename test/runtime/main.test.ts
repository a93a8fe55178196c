import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createRuntimeClient, type RuntimeClient } from "../../src/services/runtime-client.js";
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

/** Resolves with the first line that the daemon says. */
async function serve(socket = "cri.sock"): Promise<{ daemon: ChildProcess; line: string }> {
  const listen = `unix://${directory}/${socket}`;
  const daemon = spawn(process.execPath, [...node, "--listen", listen, ...places()], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  daemons.add(daemon);
  const [line] = await once(daemon.stdout ?? daemon, "data");
  return { daemon, line: String(line) };
}

function runPod() {
  const metadata = { name: "p", namespace: "default", uid: "1" };
  return runtime.runPodSandbox({ config: { metadata } });
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
});
