import type { CriClient } from "../../src/index.js";
import type { TimedContender } from "../support/rounds.js";
import { timeOf } from "../support/rounds.js";
import type { Pods } from "./pods.js";

const callsPerRound = { list: 4, status: 100 };

/** What kubelet reads again and again: both lists, the time for one item of them, and both statuses; in µs. */
export function readContender(name: string, cri: CriClient, pods: Pods): TimedContender {
  const { runtime } = cri;
  const some = () => pods.running.slice(0, callsPerRound.status);
  const statusesOf = (call: (pod: Pods["running"][number]) => Promise<unknown>) =>
    perUnit(some().length, async () => {
      for (const pod of some()) await call(pod);
    });
  const lists = (call: () => Promise<unknown>) =>
    perUnit(callsPerRound.list * pods.running.length, async () => {
      for (let round = 0; round < callsPerRound.list; round++) await call();
    });
  return {
    name,
    run: async () => ({
      ListContainers: await lists(() => runtime.listContainers({})),
      ListPodSandbox: await lists(() => runtime.listPodSandbox({})),
      ContainerStatus: await statusesOf(({ containerId }) => runtime.containerStatus({ containerId })),
      PodSandboxStatus: await statusesOf(({ id }) => runtime.podSandboxStatus({ podSandboxId: id })),
    }),
  };
}

async function perUnit(units: number, work: () => Promise<void>): Promise<number> {
  return ((await timeOf(work)) * 1000) / units;
}
