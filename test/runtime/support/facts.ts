import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { ContainerState, PodSandboxState } from "../../../src/proto.js";
import type { ImageClient } from "../../../src/services/image-client.js";
import type { RuntimeClient } from "../../../src/services/runtime-client.js";

interface Place {
  readonly directory: string;
  readonly runtime: RuntimeClient;
  readonly images: ImageClient;
}

/** Who holds what, each list sorted: once as the runtime tells it, once as it is. */
export interface Holdings {
  /** Whose processes are watched by a monitor. */
  monitors: string[];
  /** Whom the OCI runtime knows. */
  oci: string[];
  /** Who has a directory for records. */
  records: string[];
  /** Who has a directory for what ends with the host. */
  states: string[];
  /** Who has something mounted. */
  mounts: string[];
  /** Who has an address. */
  addresses: string[];
}

const idPattern = /[0-9a-f]{64}/;

/** What follows from the runtime's answers. */
export async function told({ runtime }: Place): Promise<Holdings> {
  const pods = (await runtime.listPodSandbox({})).items;
  const { containers } = await runtime.listContainers({});
  const ready = pods.filter(({ state }) => state === PodSandboxState.SANDBOX_READY).map(({ id }) => id);
  const running = containers
    .filter(({ state }) => state === ContainerState.CONTAINER_RUNNING)
    .map(({ id }) => id);
  const alive = [...ready, ...running].sort();
  const all = [...pods, ...containers].map(({ id }) => id).sort();
  const statuses = await Promise.all(ready.map((podSandboxId) => runtime.podSandboxStatus({ podSandboxId })));
  return {
    monitors: alive,
    oci: alive,
    records: all,
    states: all,
    mounts: [...pods, ...containers].map(({ id }) => id).sort(),
    addresses: statuses.map(({ status }) => status?.network?.ip ?? "").sort(),
  };
}

/** What is found on the machine. */
export async function found({ directory }: Place): Promise<Holdings> {
  const [sandboxes, containers, sandboxStates, containerStates, oci, leases] = await Promise.all([
    list(join(directory, "root/sandboxes")),
    list(join(directory, "root/containers")),
    list(join(directory, "state/sandboxes")),
    list(join(directory, "state/containers")),
    list(join(directory, "state/oci/runc")),
    list(join(directory, "state/leases"), { recursive: true }),
  ]);
  const mountinfo = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const mounted = mountinfo
    .filter((line) => line.includes(directory))
    .map((line) => idPattern.exec(line)?.[0] ?? line);
  return {
    monitors: await monitors(directory),
    oci: oci.sort(),
    records: [...sandboxes, ...containers].sort(),
    states: [...sandboxStates, ...containerStates].sort(),
    mounts: [...new Set(mounted)].sort(),
    addresses: leases
      .map((path) => path.split("/").at(-1) ?? "")
      .filter((name) => /^\d+(\.\d+){3}$/.test(name))
      .sort(),
  };
}

async function list(directory: string, options?: { recursive: true }): Promise<string[]> {
  return readdir(directory, options).catch(() => []);
}

async function monitors(directory: string): Promise<string[]> {
  const ids: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const args = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    const ours = args[0]?.endsWith("conmon") && args.some((arg) => arg.includes(directory));
    if (ours) ids.push(args[args.indexOf("--cid") + 1] ?? "");
  }
  return ids.sort();
}
