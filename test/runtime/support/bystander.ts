import { readFile } from "node:fs/promises";

import { expect } from "vitest";

import { ContainerState } from "../../../src/proto.js";
import { until } from "../../support/until.js";
import { insides, isAlive } from "./insides.js";
import type { KillableRuntime } from "./killable-runtime.js";
import { containerConfig, runPod, startReady, statusOf, trapping } from "./pods.js";

/** A pod that has nothing to do with what is tried, and whose containers must not notice. */
export interface Bystander {
  readonly pod: string;
  /** Starts a container that is to end while there is no daemon. */
  startEnding(): Promise<Ending>;
  /** Checks that the other container and its log have gone on without a gap. */
  check(): Promise<void>;
}

export interface Ending {
  end(): Promise<void>;
  /** Checks that the end is known, and removes the container. */
  check(): Promise<void>;
}

const counting = `echo ready; i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done`;

export async function startBystander(daemon: KillableRuntime): Promise<Bystander> {
  const pod = await runPod(daemon);
  const counter = await startReady(daemon, pod, containerConfig(["sh", "-c", counting]));
  const { logPath } = await statusOf(daemon, counter);
  return {
    pod,
    startEnding: () => startEnding(daemon, pod),
    async check() {
      expect((await statusOf(daemon, counter)).state).toBe(ContainerState.CONTAINER_RUNNING);
      const length = (await readFile(logPath, "utf8")).length;
      await until("the log grows", async () => (await readFile(logPath, "utf8")).length > length);
      const lines = [...(await readFile(logPath, "utf8")).matchAll(/line (\d+)\n/g)];
      expect(lines.every(([, number], index) => Number(number) === index)).toBe(true);
    },
  };
}

async function startEnding(daemon: KillableRuntime, pod: string): Promise<Ending> {
  const id = await startReady(daemon, pod, containerConfig(trapping("'exit 42' TERM")));
  const { initPid, monitorPid } = await insides(daemon, "containers", id);
  return {
    async end() {
      process.kill(initPid, "SIGTERM");
      await until("its monitor has reported", async () => !(await isAlive(monitorPid)));
    },
    async check() {
      expect(await statusOf(daemon, id)).toMatchObject({ exitCode: 42, reason: "Error" });
      await daemon.runtime.removeContainer({ containerId: id });
    },
  };
}
