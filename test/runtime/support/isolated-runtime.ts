import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { Rollback } from "../../../src/async/rollback.js";
import { createRuntimeClient, type RuntimeClient } from "../../../src/services/runtime-client.js";
import { temporaryDirectory } from "../../../src/testing/temporary-directory.js";
import { openConnection } from "../../../src/transport/connection.js";
import { parseEndpoint } from "../../../src/transport/endpoint.js";
import { until } from "../../support/until.js";
import { makeNamespace } from "./outside.js";

/** A daemon on a host of its own as far as the network goes: a namespace with its own firewall and settings. */
export interface IsolatedRuntime {
  readonly directory: string;
  /** The namespace that plays the host. */
  readonly host: string;
  readonly runtime: RuntimeClient;
  /** Ends the daemon with SIGKILL, and starts another one on the same directories after what is done meanwhile. */
  killAndRestart(meanwhile: () => Promise<void>): Promise<void>;
  /** Ends the daemon, purges, and gives what did not go well. */
  end(): Promise<string[]>;
}

const main = fileURLToPath(new URL("../../../src/runtime/main.ts", import.meta.url));

export async function startIsolatedRuntime(flags: readonly string[] = []): Promise<IsolatedRuntime> {
  const undo = new Rollback();
  const directory = join(temporaryDirectory(), `crikit-${randomBytes(4).toString("hex")}`);
  await mkdir(directory, { mode: 0o711 });
  undo.add("remove the directory", () => rm(directory, { recursive: true, force: true }));
  const namespace = await makeNamespace();
  undo.add("remove the namespace", () => namespace[Symbol.asyncDispose]());
  const host = namespace.netns;
  const endpoint = `unix://${directory}/cri.sock`;
  const common = ["--root", join(directory, "root"), "--state", join(directory, "state"), ...flags];
  undo.add("purge", async () => {
    const purging = runMain(host, ["purge", "--listen", endpoint, ...common]);
    const [code] = await once(purging, "exit");
    if (code !== 0) throw new Error(`purge ended with ${code}`);
  });
  let daemon = runMain(host, ["--listen", endpoint, ...common]);
  const serving = () => {
    const log = text(daemon.stderr);
    return until("the daemon serves", async () => {
      if (daemon.exitCode !== null) throw new Error(`The daemon has ended: ${await log}`);
      return answers(runtime);
    });
  };
  undo.add("end the daemon", async () => {
    const ended = once(daemon, "exit");
    if (daemon.exitCode !== null || !daemon.kill("SIGTERM")) throw new Error("It has ended by itself");
    await ended;
  });
  const connection = openConnection(parseEndpoint(endpoint));
  undo.add("close the connection", () => connection.close());
  const runtime = createRuntimeClient(connection);
  await serving();
  return {
    directory,
    host,
    runtime,
    async killAndRestart(meanwhile) {
      const ended = once(daemon, "exit");
      daemon.kill("SIGKILL");
      await ended;
      await meanwhile();
      daemon = runMain(host, ["--listen", endpoint, ...common]);
      await serving();
    },
    async end() {
      const failures = await undo.run();
      return failures.map(({ description, error }) => `${description}: ${error}`);
    },
  };
}

function answers(runtime: RuntimeClient): Promise<boolean> {
  return runtime.version({}).then(
    () => true,
    () => false,
  );
}

function runMain(netns: string, args: string[]): ChildProcessByStdio<null, null, Readable> {
  return spawn("nsenter", [`--net=${netns}`, process.execPath, "--import", "tsx", main, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}
