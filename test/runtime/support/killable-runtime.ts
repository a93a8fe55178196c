import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Rollback } from "../../../src/async/rollback.js";
import { createImageClient } from "../../../src/services/image-client.js";
import { createRuntimeClient } from "../../../src/services/runtime-client.js";
import { claimNetwork } from "../../../src/testing/network-claim.js";
import { runtimeMain } from "../../../src/testing/package-files.js";
import { temporaryDirectory } from "../../../src/testing/temporary-directory.js";
import { openConnection } from "../../../src/transport/connection.js";
import { parseEndpoint } from "../../../src/transport/endpoint.js";
import { findLeaks } from "../../support/leaks.js";
import { until } from "../../support/until.js";
import type { Served } from "./served.js";
import { startStock } from "./stock.js";

/** A daemon in a process of its own, which can be made to die in the middle of a call. */
export interface KillableRuntime extends Served {
  /** Has the daemon end by SIGKILL at its nth step from now on. */
  killAtStep(step: number): Promise<void>;
  /** Whether it has been killed since the last start; waits for a kill under way. */
  wasKilled(): Promise<boolean>;
  /** Kills it at once. */
  kill(): Promise<void>;
  /** Starts the daemon anew on the same directories; one that lives is killed first. */
  restart(): Promise<void>;
  /** The same with a daemon that ends by SIGKILL at its nth step. False when it was killed before it served. */
  restartToDie(step: number): Promise<boolean>;
  pid(): number;
  /** Removes all pods, and gives what the daemon then holds that it did not hold at first. */
  leaked(): Promise<string[]>;
  /** The same of a new daemon; purges, and gives what is left of it all. */
  end(): Promise<string[]>;
}

const hook = fileURLToPath(new URL("kill-hook.mjs", import.meta.url));

/** `flags` are given to the daemon besides those that say where it is. */
export async function startKillableRuntime(flags: string[] = []): Promise<KillableRuntime> {
  const directory = join(temporaryDirectory(), `crikit-${randomBytes(4).toString("hex")}`);
  const network = await claimNetwork(directory);
  await mkdir(directory, { mode: 0o711 });
  const undo = new Rollback();
  undo.add("give the network back", () => network.release());
  undo.add("remove the directory", () => rm(directory, { recursive: true, force: true }));
  const places = ["--root", join(directory, "root"), "--state", join(directory, "state")];
  places.push("--bridge", network.bridge, "--subnet", network.subnet, ...flags);
  undo.add("purge", () => once(run(["purge", ...places]), "exit"));
  const endpoint = `unix://${directory}/cri.sock`;
  const killFile = join(directory, "kill");
  const connection = openConnection(parseEndpoint(endpoint));
  undo.add("close the connection", () => connection.close());

  function run(args: string[]): ChildProcess {
    return spawn(process.execPath, ["--import", hook, runtimeMain(), ...args], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, CRIKIT_TEST_KILL: killFile },
    });
  }

  let daemon: ChildProcess | undefined;
  async function kill(): Promise<void> {
    if (!daemon || hasEnded(daemon)) return;
    const exited = once(daemon, "exit");
    daemon.kill("SIGKILL");
    await exited;
  }
  /** False when it ended before it served. */
  async function start(): Promise<boolean> {
    daemon = run(["--listen", endpoint, ...places]);
    const { stdout } = daemon;
    if (!stdout) throw new Error("The daemon has no standard output");
    for await (const line of stdout.setEncoding("utf8"))
      if (String(line).includes("listening on")) return true;
    return false;
  }
  async function restart(): Promise<void> {
    await kill();
    if (!(await start())) throw new Error("The daemon ended before it served");
  }
  undo.add("kill the daemon", kill);
  await restart();
  const served = {
    directory,
    runtime: createRuntimeClient(connection),
    images: createImageClient(connection),
  };
  const { bridge, subnet } = network;
  // The connection is there from the first call on.
  await served.runtime.version({});
  const stock = await startStock(served, network, () => daemon?.pid ?? 0);
  return {
    ...served,
    async killAtStep(step) {
      await writeFile(killFile, String(step));
      daemon?.kill("SIGUSR2");
      await until("the daemon counts", async () => !existsSync(killFile));
    },
    async wasKilled() {
      const { pid } = daemon ?? {};
      if (pid !== undefined && !existsSync(`/proc/${pid}/exe`))
        await until("it is gone", async () => hasEnded(daemon));
      return hasEnded(daemon);
    },
    kill,
    restart,
    async restartToDie(step) {
      await kill();
      await writeFile(killFile, String(step));
      const serves = await start();
      await rm(killFile, { force: true });
      return serves;
    },
    pid: () => daemon?.pid ?? 0,
    leaked: () => stock.leaked(),
    async end() {
      await restart();
      const leaked = await stock.leaked();
      const failures = await undo.run();
      const left = await findLeaks({ directory, network: { bridge, subnet } });
      return [...leaked, ...failures.map(({ description, error }) => `${description}: ${error}`), ...left];
    },
  };
}

function hasEnded(daemon: ChildProcess | undefined): boolean {
  return daemon?.exitCode != null || daemon?.signalCode != null;
}
